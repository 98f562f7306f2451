#include "gateway/io/entrance_options.hpp"

#include <algorithm>

#include "bus/text.hpp"
#include "schemas/limits.hpp"

namespace fairlead::gateway::io {
namespace {

using fairlead::io::at_least;
using fairlead::io::between;
using fairlead::io::Check;
using fairlead::io::one_of;
using fairlead::io::size_between;

Check<Duration> none_or_at_least(Duration least) {
  return [=](const Duration& value) -> Status {
    if (value == Duration{0} || value >= least) return Nothing{};
    return Error{duration_text(value) + " is too short: at least " + duration_text(least) + ", or 0s for none"};
  };
}

Status fits_a_ping(const std::string& data) {
  if (data.size() <= 125) return Nothing{};
  return Error{"a ping has room for 125 bytes, these are " + std::to_string(data.size())};
}

Status is_rate(const std::string& typed) {
  const auto rate = MessageRate::parse(typed);
  return rate ? Status{Nothing{}} : Status{rate.error()};
}

OutboxPolicy policy_of(const std::string& typed) {
  return typed == "close"         ? OutboxPolicy::close
         : typed == "drop-newest" ? OutboxPolicy::drop_newest
                                  : OutboxPolicy::drop_oldest;
}

protocols::ForwardedBy forwarded_of(const std::string& typed) {
  return typed == "none"        ? protocols::ForwardedBy::nothing
         : typed == "forwarded" ? protocols::ForwardedBy::forwarded
                                : protocols::ForwardedBy::x_forwarded_for;
}

}  // namespace

void EntranceOptions::declare(fairlead::io::Options& options) {
  constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30U;
  options
      .size("max-message", max_message_, "longest message of a user; a longer one ends the connection",
            size_between(1, schemas::max_payload))
      .list("origin", "ORIGIN", origins_, "Origin headers that may open a WebSocket; all by default")
      .size("outbox-limit", outbox_limit_, "what may wait for a user who does not read; at least twice max-message",
            size_between(1, gibibyte))
      .text("outbox-policy", "POLICY", outbox_policy_, "what happens then: close, drop-newest or drop-oldest",
            one_of({"close", "drop-newest", "drop-oldest"}))
      .duration("handshake-timeout", handshake_, "how long the opening of a WebSocket, or a PROXY header, may take",
                at_least(10ms))
      .duration("ping-interval", ping_, "silence after which a user is asked for a sign of life; 0s: never",
                none_or_at_least(10ms))
      .duration("ping-timeout", dead_, "silence after which a user who is asked counts as gone; 0s: never",
                none_or_at_least(10ms))
      .text("ping-data", "TEXT", ping_data_,
            "what a WebSocket ping carries, and the message that line and frame users are asked with; by default they "
            "are not asked",
            fits_a_ping)
      .duration("idle-timeout", idle_, "how long a user may stay without a message; 0s: for ever",
                none_or_at_least(10ms))
      .duration("login-timeout", login_, "how long a user may stay without a uid bound to it; 0s: for ever",
                none_or_at_least(10ms))
      .duration("close-timeout", close_, "how long flushing and saying goodbye to a user may take", at_least(10ms))
      .text("message-rate", "RATE", rate_,
            "how often a user may speak, as in 20/s, 100/m: over it, that socket is not read for a while", is_rate)
      .integer("message-burst", burst_, "messages that may come at once within message-rate; 0: those of a second",
               between(0, 1'000'000))
      .list("trusted-proxy", "CIDR", trusted_, "proxies whose word on whom they speak for counts, as in 10.0.0.0/8",
            fairlead::io::each_valid(&protocols::IpNetwork::parse))
      .flag("proxy-protocol", proxy_protocol_,
            "connections of trusted proxies begin with a PROXY header, version 1 or 2")
      .text("forwarded-header", "HEADER", forwarded_,
            "which header of a trusted HTTP proxy counts: x-forwarded-for, forwarded or none",
            one_of({"x-forwarded-for", "forwarded", "none"}))
      .text("tls-cert", "FILE", tls_certificate_, "certificate and chain of lines, frames and wss listeners, PEM")
      .text("tls-key", "FILE", tls_key_, "its key, PEM; SIGHUP reads both again");
}

Result<EntranceSettings> EntranceOptions::settings() const {
  if (ping_ > Duration{0} && dead_ > Duration{0} && ping_ >= dead_) {
    return Error{"ping-interval must be shorter than ping-timeout"};
  }
  if (proxy_protocol_ && trusted_.empty()) {
    return Error{"proxy-protocol needs trusted-proxy: without it, anybody could say to be anybody"};
  }
  if (burst_ > 0 && !*MessageRate::parse(rate_)) return Error{"message-burst needs message-rate"};

  EntranceSettings out;
  out.protocol.max_message = max_message_;
  out.protocol.origins = origins_;
  out.outbox.bytes = std::max(outbox_limit_, 2 * max_message_);  // or nobody could be told such a message
  out.outbox.policy = policy_of(outbox_policy_);
  out.vigil = {.ping = ping_, .dead = dead_, .idle = idle_, .login = login_};
  out.ping_data = ping_data_;
  out.handshake = handshake_;
  out.close = close_;
  out.rate = *MessageRate::parse(rate_);
  if (burst_ > 0) out.rate.burst = static_cast<std::uint32_t>(burst_);
  for (const std::string& network : trusted_) out.trusted.push_back(*protocols::IpNetwork::parse(network));
  out.proxy_protocol = proxy_protocol_;
  out.forwarded = forwarded_of(forwarded_);
  out.tls_certificate = tls_certificate_;
  out.tls_key = tls_key_;
  return out;
}

Result<Door> EntranceOptions::door(std::string_view typed) const {
  auto endpoint = UserEndpoint::for_listen(typed);
  if (!endpoint) return endpoint.error();
  EntranceOptions own = *this;
  fairlead::io::Options options{{.program = "listener", .summary = ""}};
  own.declare(options);
  for (const auto& [name, value] : endpoint->options) {
    if (const Status good = options.set(name, value); !good) {
      return Error{endpoint->text() + ": " + good.error().message};
    }
  }
  auto settings = own.settings();
  if (!settings) return Error{endpoint->text() + ": " + settings.error().message};
  if (endpoint->tls && (settings->tls_certificate.empty() || settings->tls_key.empty())) {
    return Error{endpoint->text() + ": TLS needs tls-cert and tls-key"};
  }
  return Door{.endpoint = std::move(*endpoint), .settings = std::move(*settings)};
}

}  // namespace fairlead::gateway::io
