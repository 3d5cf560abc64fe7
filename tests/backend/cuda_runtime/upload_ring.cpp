// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <vitscape/backend/cuda/upload_ring.hpp>

#include "support/catch.hpp"

namespace upload_ring_test {

namespace {

using vitscape::gpu::UploadRing;

/// Slots whose pieces are consumed when `finish` says so; the memory of a slot that is written while a piece
/// in it waits would be seen in what arrives.
struct Slots {
    struct Waiting {
        std::size_t slot, offset, bytes, target;
    };
    explicit Slots(std::size_t bytes_of_slot, std::size_t most_slots = 1000)
        : bytes(bytes_of_slot), most(most_slots) {}

    std::size_t bytes, most;
    std::vector<std::vector<unsigned char>> memory{};
    std::vector<Waiting> queue{};
    std::vector<unsigned char> arrived{};
    std::size_t waits = 0;

    [[nodiscard]] bool is_free(std::size_t slot) const {
        for (const Waiting& piece : queue)
            if (piece.slot == slot) return false;
        return true;
    }
    void wait(std::size_t slot) {
        ++waits;
        while (!is_free(slot)) finish_one();
    }
    bool make(std::size_t slot) {
        if (slot >= most) return false;
        REQUIRE(slot == memory.size());
        memory.emplace_back(bytes);
        return true;
    }
    void finish_one() {
        const Waiting piece = queue.front();
        std::memcpy(arrived.data() + piece.target, memory[piece.slot].data() + piece.offset, piece.bytes);
        queue.erase(queue.begin());
    }
    void finish() {
        while (!queue.empty()) finish_one();
    }
};

/// As Uploads does it, with the device's part put off.
void upload(UploadRing& ring, Slots& slots, const std::vector<unsigned char>& host) {
    std::size_t done = 0;
    const std::size_t target = slots.arrived.size();
    slots.arrived.resize(target + host.size());
    while (done < host.size()) {
        const UploadRing::Piece piece = ring.next(host.size() - done, slots);
        REQUIRE(piece.bytes > 0);
        REQUIRE(piece.offset % UploadRing::alignment == 0);
        REQUIRE(piece.offset + piece.bytes <= slots.bytes);
        std::memcpy(slots.memory[piece.slot].data() + piece.offset, host.data() + done, piece.bytes);
        slots.queue.push_back({piece.slot, piece.offset, piece.bytes, target + done});
        done += piece.bytes;
    }
}

std::vector<unsigned char> numbers(std::size_t count, unsigned char first) {
    std::vector<unsigned char> result(count);
    std::iota(result.begin(), result.end(), first);
    return result;
}

}  // namespace

TEST_CASE("uploads: every byte arrives, whatever the sizes and however late the device is", "[cuda]") {
    for (const std::size_t limit : {1u, 2u, 5u, 64u}) {
        Slots slots(1024);
        UploadRing ring(1024, limit);
        std::vector<unsigned char> expected;
        unsigned char first = 0;
        for (int round = 0; round < 4; ++round) {
            for (const std::size_t bytes : {1u, 700u, 255u, 256u, 1024u, 1025u, 5000u, 3u, 3u}) {
                const auto host = numbers(bytes, first += 17);
                expected.insert(expected.end(), host.begin(), host.end());
                upload(ring, slots, host);
            }
            if (round % 2 == 1) slots.finish();
        }
        slots.finish();
        INFO(limit);
        CHECK((slots.arrived == expected));
        CHECK(ring.slots() <= limit);
        CHECK(ring.slots() == slots.memory.size());
        if (limit == 64) CHECK(slots.waits == 0);
        if (limit == 1) CHECK(slots.waits > 0);
    }
}

TEST_CASE("uploads: what fits in a slot is not cut, small ones share a slot", "[cuda]") {
    Slots slots(4096);
    UploadRing ring(4096, 8);
    for (int i = 0; i < 16; ++i) upload(ring, slots, numbers(10, 1));
    CHECK(slots.queue.size() == 16);
    CHECK(ring.slots() == 1);
    upload(ring, slots, numbers(4000, 1));
    CHECK(slots.queue.size() == 17);
    CHECK(ring.slots() == 2);
    upload(ring, slots, numbers(10000, 1));
    CHECK(slots.queue.size() == 20);
    CHECK(ring.slots() == 5);
}

TEST_CASE("uploads: a steady state makes no slots and waits for none", "[cuda]") {
    Slots slots(1024);
    UploadRing ring(1024, 64);
    std::size_t in_last_step = 0, made = 0;
    for (int step = 0; step < 20; ++step) {
        // The step before the last is done when the next is uploaded.
        while (slots.queue.size() > in_last_step) slots.finish_one();
        const std::size_t before = slots.queue.size();
        upload(ring, slots, numbers(5000, 3));
        upload(ring, slots, numbers(40, 3));
        in_last_step = slots.queue.size() - before;
        if (step == 4) made = ring.slots();
    }
    CHECK(ring.slots() == made);
    CHECK(made < 20);
    CHECK(slots.waits == 0);
}

TEST_CASE("uploads: where memory for more slots is missing, those there are used again", "[cuda]") {
    Slots slots(512, 2);
    UploadRing ring(512, 64);
    const auto host = numbers(4000, 9);
    upload(ring, slots, host);
    slots.finish();
    CHECK(ring.slots() == 2);
    CHECK(slots.waits > 0);
    CHECK((slots.arrived == host));
}

}  // namespace upload_ring_test
