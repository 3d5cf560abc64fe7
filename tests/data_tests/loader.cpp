// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include <vitscape/data/loader.hpp>
#include <vitscape/data/synthetic.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace loader_test {

using namespace vitscape;

namespace {

/// Everything that a loop over an epoch gives.
struct Seen {
    std::vector<std::size_t> sizes;
    std::vector<std::uint32_t> samples;
    std::vector<std::int64_t> labels;
    std::vector<float> pixels;

    void add(const Batch& batch) {
        sizes.push_back(batch.size());
        samples.insert(samples.end(), batch.samples.begin(), batch.samples.end());
        labels.insert(labels.end(), batch.labels.begin(), batch.labels.end());
        pixels.insert(pixels.end(), batch.images.begin(), batch.images.end());
    }
    friend bool operator==(const Seen&, const Seen&) = default;
};

template <class D>
Seen run(const Loader<D>& loader, std::uint32_t epoch, std::size_t first_batch = 0) {
    Seen seen;
    for (const Batch& batch : loader.epoch(epoch, first_batch)) seen.add(batch);
    return seen;
}

LoaderOptions augmented(std::size_t workers, std::size_t prefetch = 2) {
    return {.batch = 16,
            .workers = workers,
            .prefetch = prefetch,
            .seed = 9,
            .transform = {.side = 12, .crop = Crop::random_resized, .flip = true}};
}

/// Grey pictures whose sample `bad` cannot be loaded.
struct Failing : DatasetViews<Failing> {
    std::size_t bad = 0;
    explicit Failing(std::size_t index) : bad(index) {}
    std::size_t size() const { return 100; }
    Image load(std::size_t i) const {
        if (i >= bad) throw DataError(message("sample ", i, " is damaged"));
        return Image(8, 8);
    }
    int label(std::size_t) const { return -1; }
    const std::vector<std::string>& classes() const {
        static const std::vector<std::string> none;
        return none;
    }
    std::string name(std::size_t i) const { return std::to_string(i); }
};

}  // namespace

TEST_CASE("batches do not depend on the number of workers or on how far they load ahead", "[data][loader]") {
    const Synthetic set(101, 16, 2);
    const Seen alone = run(Loader(set, augmented(0)), 4);
    CHECK(alone.sizes == std::vector<std::size_t>{16, 16, 16, 16, 16, 16, 5});
    for (const std::size_t workers : {1U, 2U, 5U})
        for (const std::size_t prefetch : {1U, 3U, 50U})
            CHECK(run(Loader(set, augmented(workers, prefetch)), 4) == alone);
}

TEST_CASE("an epoch visits every sample once, each epoch in its own order", "[data][loader]") {
    const Synthetic set(101, 16, 2);
    const Loader loader(set, augmented(2));
    CHECK(loader.batches() == 7);
    const Seen first = run(loader, 0), second = run(loader, 1);
    CHECK(first.samples == loader.order(0));
    CHECK(first.samples != second.samples);
    for (const Seen* seen : {&first, &second}) {
        CHECK(std::set<std::uint32_t>(seen->samples.begin(), seen->samples.end()).size() == 101);
        for (std::size_t i = 0; i < 101; ++i) CHECK(seen->labels[i] == seen->samples[i] % 10);
    }
    CHECK(run(loader, 0) == first);
    LoaderOptions other = augmented(2);
    other.seed = 10;
    CHECK(run(Loader(set, other), 0).samples != first.samples);

    LoaderOptions plain = augmented(1);
    plain.shuffle = false;
    plain.drop_last = true;
    const Loader in_order(set, plain);
    CHECK(in_order.batches() == 6);
    std::vector<std::uint32_t> expected(96);
    std::iota(expected.begin(), expected.end(), std::uint32_t{0});
    CHECK(run(in_order, 3).samples == expected);
}

TEST_CASE("an epoch can be taken up at any batch", "[data][loader]") {
    const Synthetic set(101, 16, 2);
    const Loader loader(set, augmented(2));
    const Seen whole = run(loader, 2);
    for (std::size_t first = 0; first <= 7; ++first) {
        Seen rest = run(loader, 2, first);
        CHECK(rest.sizes.size() == 7 - first);
        CHECK(std::equal(rest.pixels.rbegin(), rest.pixels.rend(), whole.pixels.rbegin()));
        CHECK(std::equal(rest.samples.rbegin(), rest.samples.rend(), whole.samples.rbegin()));
        CHECK(rest.samples.size() == 101 - std::min<std::size_t>(101, first * 16));
    }
    CHECK_THROWS_AS(loader.epoch(2, 8), ConfigError);
}

TEST_CASE("a batch holds what the transform gives for its samples", "[data][loader]") {
    const Synthetic set(30, 16, 2);
    const LoaderOptions options = augmented(2);
    const Loader loader(set, options);
    for (const Batch& batch : loader.epoch(7)) {
        REQUIRE(batch.images.shape(0) == batch.size());
        REQUIRE(batch.images.shape(1) == 3);
        REQUIRE(batch.images.shape(2) == 12);
        std::vector<float> expected(3 * 12 * 12);
        for (std::size_t i = 0; i < batch.size(); ++i) {
            const std::uint32_t sample = batch.samples[i];
            options.transform(set.load(sample), {9, Purpose::augmentation, 7, sample}, expected);
            const auto begin = batch.images.begin() + static_cast<std::ptrdiff_t>(i * expected.size());
            CHECK(std::equal(expected.begin(), expected.end(), begin));
        }
    }
}

TEST_CASE("leaving a loop early neither blocks nor spoils the next one", "[data][loader]") {
    const Synthetic set(200, 16, 2);
    const Loader loader(set, augmented(3, 4));
    const Seen whole = run(loader, 1);
    for (int round = 0; round < 50; ++round) {
        std::size_t count = 0;
        for (const Batch& batch : loader.epoch(0)) {
            CHECK(batch.size() > 0);
            if (++count > static_cast<std::size_t>(round % 4)) break;
        }
        { const auto unused = loader.epoch(5); }
    }
    CHECK(run(loader, 1) == whole);
    Seen outer;  // two loops over one loader at once
    for (const Batch& batch : loader.epoch(1)) {
        if (outer.sizes.empty()) CHECK(run(loader, 2).samples == loader.order(2));
        outer.add(batch);
    }
    CHECK(outer == whole);
}

TEST_CASE("batches use the same memory again", "[data][loader]") {
    const Synthetic set(160, 16, 2);
    const Loader loader(set, augmented(2, 2));
    std::set<const float*> places;
    for (std::uint32_t epoch = 0; epoch < 3; ++epoch)
        for (const Batch& batch : loader.epoch(epoch)) places.insert(batch.images.data());
    CHECK(places.size() <= 3);  // two ahead and one in use
}

TEST_CASE("an exception in a worker reaches the loop, after the batches before it", "[data][loader]") {
    const std::size_t workers = GENERATE(0U, 1U, 4U);
    LoaderOptions options{.batch = 10, .shuffle = false, .workers = workers, .transform = {.side = 8}};
    const Loader loader(Failing(37), options);
    std::size_t batches = 0;
    std::string text;
    try {
        for (const Batch& batch : loader.epoch(0)) {
            CHECK(batch.samples[0] == 10 * batches);
            CHECK(batch.labels(0) == -1);
            ++batches;
        }
    } catch (const DataError& error) {
        text = error.what();
    }
    CHECK(batches == 3);
    CHECK(text == "sample 37 is damaged");  // the first one, though later samples fail as well
}

TEST_CASE("the parts of several processes are the batches of one", "[data][loader]") {
    const Synthetic set(101, 16, 2);
    const bool drop_last = GENERATE(false, true);
    LoaderOptions options = augmented(2);
    options.drop_last = drop_last;
    const Loader whole(set, options);
    constexpr std::size_t pixels = 3 * 12 * 12;
    for (const std::size_t count : {1U, 2U, 3U, 5U}) {
        for (const std::size_t first_batch : {0U, 3U}) {
            Seen joint = run(whole, 4, first_batch);
            std::vector<Seen> parts;
            for (std::size_t rank = 0; rank < count; ++rank) {
                options.shard = {rank, count};
                const Loader part(set, options);
                CHECK(part.batches() == whole.batches());
                parts.push_back(run(part, 4, first_batch));
                CHECK(parts.back().sizes.size() == joint.sizes.size());
            }
            Seen joined;  // batch by batch, in the order of ranks
            std::vector<std::size_t> read(count);
            for (std::size_t batch = 0; batch < joint.sizes.size(); ++batch) {
                joined.sizes.push_back(0);
                for (std::size_t rank = 0; rank < count; ++rank) {
                    const Seen& part = parts[rank];
                    const std::size_t size = part.sizes.at(batch);
                    CHECK(size >= joint.sizes[batch] / count);
                    CHECK(size <= joint.sizes[batch] / count + 1);
                    joined.sizes.back() += size;
                    for (std::size_t i = read[rank]; i < read[rank] + size; ++i) {
                        joined.samples.push_back(part.samples.at(i));
                        joined.labels.push_back(part.labels.at(i));
                        joined.pixels.insert(joined.pixels.end(), &part.pixels.at(i * pixels),
                                             &part.pixels.at(i * pixels) + pixels);
                    }
                    read[rank] += size;
                }
            }
            CHECK(bool(joined == joint));
        }
    }
}

TEST_CASE("parts of a batch", "[data][loader]") {
    using Positions = std::vector<std::size_t>;
    CHECK(bool(Shard{.count = 3}.positions(0, 8) == Positions{0, 1, 2}));
    CHECK(bool(Shard{.count = 3}.positions(2, 8) == Positions{6, 7}));
    CHECK(bool(Shard{.rank = 1, .count = 3, .parts = 2}.images(8) == 5));
    CHECK(bool(Shard{.count = 2, .pairs = true}.positions(0, 9) == Positions{0, 1, 7, 8}));
    CHECK(bool(Shard{.count = 2, .pairs = true}.positions(1, 9) == Positions{2, 3, 4, 5, 6}));
    CHECK(bool(Shard{.pairs = true}.positions(0, 5) == Positions{0, 1, 2, 3, 4}));
    CHECK(Shard{.count = 4}.divides(4));
    CHECK_FALSE(Shard{.count = 4, .pairs = true}.divides(7));

    const Synthetic set(101, 16, 2);
    LoaderOptions options = augmented(2);
    options.drop_last = true;
    std::vector<std::uint32_t> all, parts;
    for (const Batch& batch : Loader(set, options).epoch(1)) {
        CHECK_FALSE(batch.leader.has_value());
        all.insert(all.end(), batch.samples.begin(), batch.samples.end());
    }
    const bool pairs = GENERATE(false, true);
    options.shard = {.rank = 2, .count = 4, .parts = 2, .pairs = pairs};
    std::size_t first = 0;
    for (const Batch& batch : Loader(set, options).epoch(1)) {
        CHECK(batch.leader == all[first]);
        Positions at = options.shard.positions(2, options.batch);
        const Positions more = options.shard.positions(3, options.batch);
        at.insert(at.end(), more.begin(), more.end());
        REQUIRE(batch.size() == at.size());
        for (std::size_t i = 0; i < at.size(); ++i) CHECK(batch.samples[i] == all[first + at[i]]);
        CHECK(slice(batch, 1, 2).leader == batch.leader);
        first += options.batch;
    }
    CHECK(first == all.size());
}

TEST_CASE("an epoch may be loaded in pieces", "[data][loader]") {
    const Synthetic set(101, 16, 2);
    const Loader loader(set, augmented(2));
    std::vector<std::uint32_t> whole, pieces;
    const auto add = [](std::vector<std::uint32_t>& to, auto loaded) {
        for (const Batch& batch : loaded) to.insert(to.end(), batch.samples.begin(), batch.samples.end());
    };
    add(whole, loader.epoch(1));
    add(pieces, loader.epoch(1, 0, 3));
    add(pieces, loader.epoch(1, 3, 3));
    add(pieces, loader.epoch(1, 3));
    CHECK(whole == pieces);
}

TEST_CASE("processes that would get no images are refused", "[data][loader]") {
    const Synthetic set(101, 16, 2);
    const auto error = [&](std::size_t batch, bool drop_last, Shard shard) {
        return test::error_text<ConfigError>(
            [&] { const Loader refused(set, {.batch = batch, .drop_last = drop_last, .shard = shard}); });
    };
    CHECK(test::contains(error(16, true, {3, 3}), "part 3 of 3"));
    CHECK(test::contains(error(16, true, {0, 0}), "part 0 of 0"));
    CHECK(test::contains(error(3, true, {0, 4}), "a batch of 3 images cannot be divided into 4 parts"));
    CHECK(test::contains(error(7, true, {0, 4, 1, true}),
                         "mixes pairs of them cannot be divided into 4 parts"));
    CHECK(test::contains(error(50, false, {0, 2}), "the last batch of 1 images cannot be divided into 2"));
    CHECK(error(50, true, {0, 2}).empty());
    CHECK(error(51, false, {0, 2}).empty());
}

TEST_CASE("load_all gives a whole set as one batch", "[data][loader]") {
    const Synthetic set(23, 16, 2);
    const ImageTransform transform{.side = 16, .crop = Crop::random_resized, .flip = true};
    const Batch all = load_all(set.first(21), transform, 2);
    REQUIRE(all.size() == 21);
    CHECK(all.labels(20) == 0);
    std::vector<float> expected(3 * 16 * 16);
    transform.evaluation()(set.load(20), RandomKey{}, expected);
    CHECK(std::equal(expected.begin(), expected.end(), all.images.begin() + 20 * 3 * 16 * 16));
}

TEST_CASE("a loader that cannot work says why", "[data][loader]") {
    const Synthetic set(5, 16);
    CHECK_THROWS_AS(Loader(set, {.batch = 0}), ConfigError);
    CHECK_THROWS_AS(Loader(set, {.batch = 4, .prefetch = 0}), ConfigError);
    CHECK_THROWS_AS(Loader(set, {.batch = 6, .drop_last = true}), ConfigError);
    CHECK_THROWS_AS(Loader(set, {.transform = {.side = 0}}), ConfigError);
    CHECK_THROWS_AS(Loader(set.subset({}), {}), DataError);
    CHECK(Loader(set, {.batch = 6}).batches() == 1);
}

}  // namespace loader_test
