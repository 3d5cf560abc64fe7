// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <string>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/data/tar_archives.hpp>

#include "support/catch.hpp"
#include "temporary_folder.hpp"

namespace tar_archives_test {

using namespace vitscape;
using Names = std::vector<std::string>;

namespace {

template <class E>
std::string failure(const std::string& name) {
    try {
        (void)find_tar_archives(name);
    } catch (const E& error) {
        return error.what();
    }
    return {};
}
bool has(const std::string& text, const std::string& part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

/// Names of the files in `folder` that a name below it means.
Names found(const test::TemporaryFolder& folder, const std::string& name) {
    Names names;
    for (const auto& file : find_tar_archives((folder.path() / name).string()).files)
        names.push_back(std::filesystem::relative(file, folder.path()).string());
    return names;
}

}  // namespace

TEST_CASE("ranges in braces are written out as the shell does", "[data][tar]") {
    CHECK(detail::expand_ranges("a.tar") == Names{"a.tar"});
    CHECK(detail::expand_ranges("a-{8..11}.tar") == Names{"a-8.tar", "a-9.tar", "a-10.tar", "a-11.tar"});
    CHECK(detail::expand_ranges("{08..10}") == Names{"08", "09", "10"});
    CHECK(detail::expand_ranges("{0..10}").back() == "10");
    CHECK(detail::expand_ranges("{0..10}").front() == "00");  // a zero in front says how many digits
    CHECK(detail::expand_ranges("{998..1000}").front() == "998");
    CHECK(detail::expand_ranges("a{1..2}b{3..4}c") == Names{"a1b3c", "a1b4c", "a2b3c", "a2b4c"});
    CHECK(detail::expand_ranges("{7..7}") == Names{"7"});
    for (const std::string text : {"{", "a{1,2}", "{1..2", "{..}", "{1..}", "{1..b}", "{-1..2}", "{2..1}",
                                   "{0..100000}", "{1..1000}{1..101}", "{1..1234567890}", "}{", "{1}..2"}) {
        INFO(text);
        CHECK(has(failure<ConfigError>(text), "as in {000..010}"));
    }
    CHECK(detail::expand_ranges("{0..99999}").size() == 100000);
}

TEST_CASE("names of archives are files, folders of them, ranges and folders inside", "[data][tar]") {
    const test::TemporaryFolder folder;
    for (const char* name :
         {"b-1.tar", "b-0.tar", "b-2.tar", "notes.txt", ".hidden.tar", "odd{1..2}.tar", "deep/x.tar"})
        folder.write(name, std::string());
    CHECK(found(folder, "b-0.tar") == Names{"b-0.tar"});
    CHECK(found(folder, "b-{0..2}.tar") == Names{"b-0.tar", "b-1.tar", "b-2.tar"});
    CHECK(found(folder, "odd{1..2}.tar") == Names{"odd{1..2}.tar"});  // there is a file of this name
    CHECK(found(folder, ".") == Names{"b-0.tar", "b-1.tar", "b-2.tar", "odd{1..2}.tar"});
    CHECK(found(folder, "deep/") == Names{"deep/x.tar"});

    const TarArchives inside = find_tar_archives((folder.path() / "b-{0..1}.tar/train/./big/").string());
    CHECK(inside.files.size() == 2);
    CHECK(inside.inside == "train/big");
    CHECK(find_tar_archives((folder.path() / "b-0.tar/").string()).inside.empty());
}

TEST_CASE("archives that are not there are named", "[data][tar]") {
    const test::TemporaryFolder folder;
    const std::string path = folder.path().string();
    CHECK(has(failure<DataError>(path + "/no.tar"), "no.tar does not exist"));
    CHECK(has(failure<DataError>(path + "/none/at/all.tar"), "all.tar does not exist"));
    CHECK(has(failure<DataError>("no-such-file.tar"), "no-such-file.tar does not exist"));
    CHECK(has(failure<DataError>(path), "holds no .tar files"));
    folder.write("a.tar.gz", std::string());
    CHECK(has(failure<DataError>(path), "gzip -dk " + path + "/a.tar.gz"));
    folder.write("s-0.tar", std::string());
    folder.write("s-2.tar", std::string());
    CHECK(has(failure<DataError>(path + "/s-{0..2}.tar"), "s-1.tar does not exist"));
    CHECK(has(failure<ConfigError>(path + "/s-0.tar/{1..2}"), "in front of .tar"));
}

}  // namespace tar_archives_test
