// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "conformance.hpp"
#include "protocol/compressor.hpp"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace websockxx::test::conformance {

/// What came of a row.
struct Outcome {
    Happenings heard;
    Happenings answered;
    std::optional<CloseFrame> close;

    friend bool operator==(const Outcome&, const Outcome&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Outcome& it)
    {
        for (const auto& happening : it.heard) out << "heard " << happening << ", ";
        for (const auto& happening : it.answered) out << "answered " << happening << ", ";
        if (it.close) out << "closed with " << it.close->code << ' ' << it.close->text;
        return out;
    }
};

/// What came of an opening handshake.
struct Opening {
    error_code error;
    std::string subprotocol;
    bool deflate = false;
    std::string said; ///< behind the request: nothing

    friend bool operator==(const Opening&, const Opening&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Opening& it)
    {
        return out << it.error.message() << ", " << it.subprotocol << ", " << it.deflate << ", " << it.said;
    }
};

/// Reads the frames of a client, and throws where they break a rule.
class Said {
public:
    explicit Said(const Row& row) : row_(&row), inflater_(row.client_window) {}

    void read(std::string_view bytes, Outcome& outcome)
    {
        for (auto& frame : frames::decode(bytes)) {
            if (outcome.close) throw std::runtime_error("a frame behind the close frame");
            if (!frame.masked) throw std::runtime_error("a frame without a mask");
            if (frame.opcode >= frames::close) read_control(frame, outcome);
            else read_data(frame, outcome);
        }
        if (inside_) throw std::runtime_error("a message without an end");
    }

private:
    void read_control(frames::FromClient& frame, Outcome& outcome)
    {
        if (!frame.fin || frame.rsv != 0 || frame.payload.size() > 125) throw std::runtime_error("a bad control frame");
        if (frame.opcode == frames::ping) outcome.answered.push_back(ping(std::move(frame.payload)));
        else if (frame.opcode == frames::pong) outcome.answered.push_back(pong(std::move(frame.payload)));
        else read_close(frame.payload, outcome);
    }
    void read_close(std::string_view payload, Outcome& outcome)
    {
        outcome.close = CloseFrame{};
        if (payload.empty()) return;
        const auto code = static_cast<unsigned char>(payload.at(0)) << 8 | static_cast<unsigned char>(payload.at(1));
        outcome.close = CloseFrame{static_cast<std::uint16_t>(code), std::string(payload.substr(2))};
    }
    void read_data(frames::FromClient& frame, Outcome& outcome)
    {
        if (inside_ != (frame.opcode == frames::continuation)) throw std::runtime_error("fragments out of order");
        if ((frame.rsv != 0 && inside_) || (frame.rsv & 3) != 0) throw std::runtime_error("reserved bits");
        if (!inside_) {
            opcode_ = frame.opcode;
            compressed_ = frame.rsv != 0;
            payload_.clear();
        }
        payload_ += frame.payload;
        inside_ = !frame.fin;
        if (inside_) return;
        if (compressed_) payload_ = inflate(std::move(payload_));
        outcome.answered.push_back(message(opcode_ == frames::text ? Frame::text(payload_) : Frame::binary(payload_)));
    }
    std::string inflate(std::string payload)
    {
        if (row_->fields.empty()) throw std::runtime_error("compressed without an agreement");
        if (row_->client_forgets) inflater_.reset();
        return inflater_.message(std::move(payload));
    }

    const Row* row_;
    Inflater inflater_;
    std::string payload_;
    unsigned opcode_ = 0;
    bool compressed_ = false;
    bool inside_ = false;
};

} // namespace websockxx::test::conformance
