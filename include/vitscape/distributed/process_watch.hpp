// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <random>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <vitscape/core/file.hpp>
#include <vitscape/distributed/communicator.hpp>

#include <ifaddrs.h>
#include <poll.h>
#include <unistd.h>

namespace vitscape {

/// Notices that another process of a run was lost, which a sum over processes does not: it waits. Process 0 holds a TCP connection
/// to each of the others. A process that ends closes its connections at once, and one on a machine that is gone, or that is
/// stopped, sends no signs of life. A thread watches; one whose process computes for long is alive.
///
///     ProcessWatch watch(communicator, [](int rank) { … _exit(1); });   // collective
///     …
///     watch.leave();   // in all processes, at a regular end
class ProcessWatch {
  public:
    struct Options {
        std::chrono::milliseconds beat{4000};  ///< between two signs of life
        int patience = 10;                     ///< beats without one, after which a process is lost
    };
    /// Called once, in a thread of the watch, with the number of the process that was lost; -1 where another process has
    /// noticed, and says so, or has ended by an error that it has said.
    using Lost = std::function<void(int rank)>;

    template <Communicator C>
    ProcessWatch(C communicator, Lost lost, Options options)
        : lost_(std::move(lost)), options_(options), rank_(communicator.rank()) {
        if (communicator.size() == 1) return;
        std::array<double, most_addresses + 3> meeting{};
        std::optional<Socket> listener;
        if (rank_ == 0) listener = listen(meeting);
        communicator.sum(meeting.data(), meeting.size());
        bool connected = meeting[0] > 0;
        if (connected)
            connected = rank_ == 0 ? accept(*listener, communicator.size() - 1, meeting) : connect(meeting);
        watching_ = sum_over_processes(communicator, connected ? 0 : 1) == 0;
        if (!watching_) {
            peers_.clear();
            return;
        }
        wake_ = Socket(::eventfd(0, EFD_CLOEXEC));
        thread_ = std::jthread([this] { watch(); });
    }
    template <Communicator C>
    ProcessWatch(C communicator, Lost lost)
        : ProcessWatch(std::move(communicator), std::move(lost), Options{}) {}
    ProcessWatch(const ProcessWatch&) = delete;
    ProcessWatch& operator=(const ProcessWatch&) = delete;
    /// Without `leave` the other processes take this one for lost.
    ~ProcessWatch() { stop(); }

    /// Whether it watches. It does not where the processes cannot connect by TCP, and for a process alone.
    [[nodiscard]] bool watching() const { return watching_; }

    /// The regular end of this process: the others do not miss it.
    void leave() {
        stop();
        for (Peer& peer : peers_) {
            say(peer, goodbye);
            ::shutdown(peer.socket.number(), SHUT_WR);
        }
        // Closed while the other's signs of life are unread, a connection would be reset, and the goodbye with it.
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
        for (Peer& peer : peers_) {
            std::array<char, 64> bytes{};
            while (std::chrono::steady_clock::now() < end &&
                   readable(peer.socket, std::chrono::milliseconds(100)) != 0)
                if (::recv(peer.socket.number(), bytes.data(), bytes.size(), MSG_DONTWAIT) == 0) break;
        }
        peers_.clear();
    }
    /// This process ends by an error that it has said: the others end without a word of their own.
    void alarm() {
        stop();
        for (Peer& peer : peers_) say(peer, ends);
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }

  private:
    using Socket = detail::FileDescriptor;
    struct Peer {
        int rank = 0;
        Socket socket{};
        int silent = 0;     // beats without a sign of life
        bool gone = false;  // it has said goodbye
    };
    static constexpr std::size_t most_addresses = 8;
    static constexpr char alive = 'b', goodbye = 'q', ends = 'x';
    struct Hello {
        std::uint32_t key, rank;
    };

    /// Opens the door of process 0. @param meeting  port, key, number of addresses and these; nothing where it cannot
    std::optional<Socket> listen(std::array<double, most_addresses + 3>& meeting) {
        Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in any{};
        any.sin_family = AF_INET;
        socklen_t size = sizeof any;
        if (socket.number() < 0 || ::bind(socket.number(), reinterpret_cast<sockaddr*>(&any), size) != 0 ||
            ::listen(socket.number(), SOMAXCONN) != 0 ||
            ::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&any), &size) != 0)
            return std::nullopt;
        std::vector<std::uint32_t> addresses;
        ifaddrs* all = nullptr;
        if (::getifaddrs(&all) == 0) {
            for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
                if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET ||
                    (one->ifa_flags & IFF_LOOPBACK) != 0)
                    continue;
                sockaddr_in address{};
                std::memcpy(&address, one->ifa_addr, sizeof address);
                addresses.push_back(address.sin_addr.s_addr);
            }
            ::freeifaddrs(all);
        }
        addresses.resize(std::min(addresses.size(), most_addresses - 1));
        addresses.push_back(htonl(INADDR_LOOPBACK));  // the last one: elsewhere it is another machine
        std::random_device random;
        meeting[0] = ntohs(any.sin_port);
        meeting[1] = std::uniform_int_distribution<std::uint32_t>()(random);
        meeting[2] = static_cast<double>(addresses.size());
        std::copy(addresses.begin(), addresses.end(), meeting.begin() + 3);
        return socket;
    }

    /// Process 0: all others come within 30 s. A stranger, who does not know the key, is sent away.
    bool accept(const Socket& listener, int others, const std::array<double, most_addresses + 3>& meeting) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (static_cast<int>(peers_.size()) < others) {
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
            if (left.count() <= 0 || readable(listener, left) == 0) return false;
            Socket socket(::accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC));
            Hello hello{};
            if (socket.number() < 0 || !receive(socket, hello) ||
                hello.key != static_cast<std::uint32_t>(meeting[1]) || !send(socket, hello))
                continue;
            peers_.push_back({static_cast<int>(hello.rank), std::move(socket)});
        }
        return true;
    }

    /// Another process: tries the addresses of process 0.
    bool connect(const std::array<double, most_addresses + 3>& meeting) {
        for (std::size_t i = 0; i < static_cast<std::size_t>(meeting[2]); ++i) {
            Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
            if (socket.number() < 0) return false;
            const timeval patience{.tv_sec = 2, .tv_usec = 0};  // of a connection to where nobody is
            ::setsockopt(socket.number(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_port = htons(static_cast<std::uint16_t>(meeting[0]));
            address.sin_addr.s_addr = static_cast<std::uint32_t>(meeting[3 + i]);
            const Hello hello{static_cast<std::uint32_t>(meeting[1]), static_cast<std::uint32_t>(rank_)};
            Hello reply{};
            if (::connect(socket.number(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
                !send(socket, hello) || !receive(socket, reply) || reply.key != hello.key)
                continue;
            peers_.push_back({0, std::move(socket)});
            return true;
        }
        return false;
    }

    void watch() {
        auto next = std::chrono::steady_clock::now() + options_.beat;
        while (true) {
            std::vector<pollfd> files{{wake_.number(), POLLIN, 0}};
            for (const Peer& peer : peers_)
                files.push_back({peer.gone ? -1 : peer.socket.number(), POLLIN, 0});
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                next - std::chrono::steady_clock::now());
            ::poll(files.data(), static_cast<nfds_t>(files.size()),
                   static_cast<int>(std::max<std::int64_t>(0, left.count())));
            if (stopping_) return;
            for (std::size_t i = 0; i < peers_.size(); ++i) {
                Peer& peer = peers_[i];
                if (files[i + 1].revents == 0) continue;
                std::array<char, 64> bytes{};
                const ssize_t size = ::recv(peer.socket.number(), bytes.data(), bytes.size(), MSG_DONTWAIT);
                if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
                if (size <= 0) return report(peer.rank);
                peer.silent = 0;
                const std::string_view said(bytes.data(), static_cast<std::size_t>(size));
                if (said.find(ends) != said.npos) return report(-1);
                peer.gone = said.find(goodbye) != said.npos;
            }
            if (std::chrono::steady_clock::now() < next) continue;
            // At most one beat is missed in a turn: a run that was stopped as a whole goes on.
            next = std::chrono::steady_clock::now() + options_.beat;
            for (Peer& peer : peers_) {
                if (peer.gone) continue;
                say(peer, alive);
                if (++peer.silent > options_.patience) return report(peer.rank);
            }
        }
    }
    void report(int rank) {
        for (const Peer& peer : peers_)
            if (rank_ == 0 && peer.rank != rank) say(peer, ends);
        lost_(rank);
    }

    void stop() {
        if (!thread_.joinable()) return;
        stopping_ = true;
        const std::uint64_t one = 1;
        (void)!::write(wake_.number(), &one, sizeof one);
        thread_.join();
    }
    static void say(const Peer& peer, char word) {
        (void)::send(peer.socket.number(), &word, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    static int readable(const Socket& socket, std::chrono::milliseconds patience) {
        pollfd file{socket.number(), POLLIN, 0};
        return std::max(0, ::poll(&file, 1, static_cast<int>(patience.count())));
    }
    static bool send(const Socket& socket, const Hello& hello) {
        return ::send(socket.number(), &hello, sizeof hello, MSG_NOSIGNAL) == sizeof hello;
    }
    static bool receive(const Socket& socket, Hello& hello) {
        return readable(socket, std::chrono::seconds(2)) != 0 &&
               ::recv(socket.number(), &hello, sizeof hello, MSG_WAITALL) == sizeof hello;
    }

    Lost lost_;
    Options options_;
    int rank_;
    bool watching_ = false;
    std::vector<Peer> peers_{};
    Socket wake_{};
    std::atomic<bool> stopping_{false};
    std::jthread thread_{};
};

}  // namespace vitscape
