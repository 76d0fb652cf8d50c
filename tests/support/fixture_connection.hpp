// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "fixture_server.hpp"
#include "server_tls.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace websockxx::test {

/// How a FixtureServer treats a connection.
struct Treatment {
    std::optional<HttpAnswer> answer = {};
    bool hold = false;
    bool keep_tcp = false;
    std::string pushed = {};         ///< bytes, in the same write as the 101
    std::string upgrade_fields = {}; ///< whole lines for the 101
};

/// Whether TLS says so before TCP ends.
enum class Goodbye : std::uint8_t { said, unsaid };

/// One connection of a FixtureServer, whose thread alone may touch it.
class FixtureConnection : public std::enable_shared_from_this<FixtureConnection> {
public:
    using Socket = boost::asio::ip::tcp::socket;
    using Report = std::function<void(ServerEvent)>;

    FixtureConnection(Socket socket, Treatment treatment, SSL_CTX* tls, Report report);

    void start();
    void let_go_on();
    void send(const WireFrame& frame);
    void send(std::string_view bytes);
    void finish(Goodbye goodbye); ///< ends our direction, behind what was sent
    void reset();
    void stall();
    void resume();

private:
    void wait_for_bytes();
    void read();
    void take(std::string_view network_bytes);
    void take_tls(std::string_view network_bytes);
    void take_plain(std::string_view bytes);
    void take_request();
    void answer_request();
    void upgrade();
    void refuse(const HttpAnswer& answer);
    void take_frames();
    void take_frame(WireFrame frame);
    void take_data(WireFrame frame);
    void take_close(const WireFrame& frame);
    void reject(std::string why);
    void input_ended(boost::system::error_code ec);
    void flush();

    Socket socket_;
    Treatment treatment_;
    std::optional<ServerTls> tls_;
    Report report_;

    std::string head_;   // of the request, until it is whole
    std::string behind_; // what came behind a request that is held
    FrameReader frames_;
    std::optional<ServerEvent> message_; // of which some frames have come

    std::string queued_; // for the network, behind what is being written
    std::string writing_;

    bool tls_reported_ = false;
    bool is_held_ = false;
    bool is_upgraded_ = false;
    bool is_stalled_ = false;
    bool is_waiting_ = false;
    bool is_deaf_ = false;      // nothing that comes is looked at any more
    bool is_finishing_ = false; // FIN goes out behind what is queued
    bool close_sent_ = false;
    bool input_ended_ = false;
};

} // namespace websockxx::test
