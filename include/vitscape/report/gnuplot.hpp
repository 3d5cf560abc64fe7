// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <sys/wait.h>

#include <vitscape/core/error.hpp>

#include <spawn.h>
#include <unistd.h>

extern char** environ;  // NOLINT: POSIX requires programs to declare it

namespace vitscape {

/// The first gnuplot in PATH, if there is one.
[[nodiscard]] inline std::optional<std::filesystem::path> find_gnuplot() {
    const char* variable = std::getenv("PATH");
    std::string_view folders = variable != nullptr ? variable : "";
    while (!folders.empty()) {
        const std::size_t end = std::min(folders.find(':'), folders.size());
        const std::filesystem::path candidate = std::filesystem::path(folders.substr(0, end)) / "gnuplot";
        std::error_code ignored;
        if (end > 0 && std::filesystem::is_regular_file(candidate, ignored) &&
            ::access(candidate.c_str(), X_OK) == 0)
            return candidate;
        folders.remove_prefix(std::min(end + 1, folders.size()));
    }
    return std::nullopt;
}

namespace detail {

/// An unnamed temporary file, deleted with its last handle.
class ScratchFile {
  public:
    ScratchFile() : file_(std::tmpfile(), &std::fclose) {
        if (!file_)
            throw IoError(
                message("cannot create a temporary file: ", std::generic_category().message(errno)));
    }
    [[nodiscard]] int descriptor() const { return ::fileno(file_.get()); }
    void write(std::string_view text) {
        if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size() ||
            std::fflush(file_.get()) != 0)
            throw IoError(message("cannot write a temporary file: ", std::generic_category().message(errno)));
        std::rewind(file_.get());
    }
    [[nodiscard]] std::string read() {
        std::rewind(file_.get());
        std::string text;
        std::array<char, 65536> block;
        for (std::size_t got; (got = std::fread(block.data(), 1, block.size(), file_.get())) > 0;)
            text.append(block.data(), got);
        return text;
    }

  private:
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

/// The environment with the C locale, so that numbers have decimal points.
inline std::vector<std::string> plain_environment() {
    std::vector<std::string> variables;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable)
        if (!std::string_view(*variable).starts_with("LC_ALL=")) variables.emplace_back(*variable);
    variables.emplace_back("LC_ALL=C");
    return variables;
}

/// Text as a gnuplot string. Control characters, which could end the string or the line, are replaced by blanks.
inline std::string gnuplot_text(std::string_view text) {
    std::string quoted = "'";
    for (const char character : text) {
        if (character == '\'') quoted += '\'';
        quoted += static_cast<unsigned char>(character) < 32 || character == 127 ? ' ' : character;
    }
    return quoted + "'";
}

}  // namespace detail

/// Runs gnuplot on a script, without the user's settings, and returns the output of the script's terminal
/// (do not set `output`). Nothing is left on disk.
/// @throws ConfigError if gnuplot is not installed; IoError with gnuplot's message if it fails.
[[nodiscard]] inline std::string run_gnuplot(std::string_view script) {
    const auto program = find_gnuplot();
    if (!program)
        throw ConfigError("figures need gnuplot, which is not in PATH; on Debian: apt install gnuplot-nox");
    detail::ScratchFile input, output, errors;
    input.write(script);

    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, input.descriptor(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output.descriptor(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, errors.descriptor(), STDERR_FILENO);
    std::string name = program->string(), settings = "-d";
    std::array<char*, 3> arguments = {name.data(), settings.data(), nullptr};
    std::vector<std::string> variables = detail::plain_environment();
    std::vector<char*> environment;
    environment.reserve(variables.size() + 1);
    for (std::string& variable : variables) environment.push_back(variable.data());
    environment.push_back(nullptr);
    pid_t child = 0;
    const int code =
        ::posix_spawn(&child, program->c_str(), &actions, nullptr, arguments.data(), environment.data());
    ::posix_spawn_file_actions_destroy(&actions);
    if (code != 0) throw IoError(message("cannot start ", name, ": ", std::generic_category().message(code)));
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    std::string drawn = output.read();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || drawn.empty())
        throw IoError(message("gnuplot (", name, ") failed: ", errors.read()));
    return drawn;
}

}  // namespace vitscape
