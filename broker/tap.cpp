#include "broker/tap.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <span>
#include <utility>

#include "bus/text.hpp"
#include "schemas/codec.hpp"

namespace fairlead::broker {
namespace {

std::string_view kind_name(schemas::EventKind kind) {
  static constexpr std::array<std::string_view, 6> names{"", "open", "message", "close", "timer", "group"};
  return names.at(static_cast<std::size_t>(kind));
}

void append_json(std::string& out, std::string_view utf8) {
  out += '"';
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      std::array<char, 8> text{};
      std::snprintf(text.data(), text.size(), "\\u%04x", byte);
      out += text.data();
    } else {
      out += c;
    }
  }
  out += '"';
}

// Names are text, or shown as such.
void append_name(std::string& out, std::string_view name) {
  append_json(out, is_utf8(name) ? std::string(name) : printable(name, name.size() * 4 + 3));
}

// The longest beginning of at most `limit` bytes that does not end within a character.
std::string_view beginning(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  while (end > 0 && limit - end < 3 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return text.substr(0, end);
}

class Line {
 public:
  Line(std::string_view what, bool up) {
    (text_ += "{\"what\":\"") += what;
    text_ += up ? "\",\"dir\":\"up\"" : "\",\"dir\":\"down\"";
  }
  void name(std::string_view key, std::string_view value) {
    if (!value.empty()) append_name(begin(key), value);
  }
  void number(std::string_view key, std::uint64_t value) { begin(key) += std::to_string(value); }
  void body(std::string_view payload, std::size_t limit) {
    if (limit == 0) return;
    const std::string_view shown = beginning(payload, limit);
    if (is_utf8(shown)) return append_json(begin("body"), shown);
    append_json(begin("hex"), to_hex(payload.substr(0, limit)));
  }
  std::string finish() && { return std::move(text_ += "}\n"); }

 private:
  std::string& begin(std::string_view key) { return ((text_ += ",\"") += key) += "\":"; }

  std::string text_;
};

std::size_t payload_bytes(const std::vector<schemas::Effect>& effects) {
  std::size_t bytes = 0;
  for (const auto& effect : effects) {
    if (const auto* send = std::get_if<schemas::Send>(&effect)) bytes += send->payload.size();
  }
  return bytes;
}

}  // namespace

// One thing, with all that a filter may ask and a line may show.
struct Tap::Seen {
  std::string_view what;
  bool up = false;
  std::string_view kind;
  std::string_view gateway;
  std::string_view worker;
  std::span<const ClientId> clients;
  std::span<const std::string> uids;
  std::span<const std::string> groups;
  std::string_view to;  // of a delivery: client, uid, group, all
  std::optional<std::uint64_t> seq;
  std::optional<std::uint64_t> number;
  std::optional<std::uint64_t> attempt;
  std::optional<std::uint64_t> events;
  std::optional<std::uint64_t> effects;
  std::string_view verdict;
  std::string_view reason;
  std::uint64_t size = 0;
  std::optional<std::string_view> payload;

  // `uid` and `groups` live as long as the state.
  void of(const State& state, const ClientId& client) {
    clients = {&client, 1};
    const auto at = state.gateways().find(client.gateway);
    if (at != state.gateways().end() && gateway.empty()) gateway = at->second.name;
    const Client* known = state.directory().find(client);
    if (known == nullptr) return;
    if (known->uid) uids = {&*known->uid, 1};
    groups = known->groups;
  }

  schemas::TapSample sample() const {
    return {.what = what,
            .kind = kind,
            .up = up,
            .gateway = gateway,
            .worker = worker,
            .clients = clients,
            .uids = uids,
            .groups = groups,
            .size = size};
  }

  std::string line(std::size_t body) const {
    Line line(what, up);
    line.name("kind", kind);
    // A delivery may be for thousands: the first of them, and how many there are.
    if (!clients.empty()) line.name("client", clients.front().text());
    if (clients.size() > 1) line.number("clients", clients.size());
    const auto maybe = [&line](std::string_view key, const std::optional<std::uint64_t>& value) {
      if (value) line.number(key, *value);
    };
    maybe("seq", seq);
    maybe("number", number);
    line.name("gateway", gateway);
    line.name("worker", worker);
    maybe("attempt", attempt);
    line.name("to", to);
    if (!uids.empty()) line.name("uid", uids.front());
    if (to == "group" && !groups.empty()) line.name("group", groups.front());
    maybe("events", events);
    maybe("effects", effects);
    line.name("verdict", verdict);
    line.name("reason", reason);
    line.number("bytes", size);
    if (payload) line.body(*payload, body);
    return std::move(line).finish();
  }
};

void Tap::on_subscription(std::string_view message, Instant now) {
  if (message.size() < 2) return;
  const std::string topic(message.substr(1));
  if (message.front() == 0) {
    listeners_.erase(topic);
    return;
  }
  auto request = schemas::TapRequest::parse(topic);
  auto filter = request ? schemas::TapFilter::parse(request->filter) : Result<schemas::TapFilter>(request.error());
  if (!filter || listeners_.size() >= most_filters) {
    ++counters_.refused;
    return;
  }
  listeners_.emplace(topic, Listener{.body = request->body,
                                     .filter = std::move(*filter),
                                     .lines = {},
                                     .records_left = records_a_second / 10,
                                     .bytes_left = bytes_a_second / 10,
                                     .refilled = now});
}

void Tap::show(const Seen& seen) {
  ++counters_.seen;
  const schemas::TapSample sample = seen.sample();
  for (auto& [topic, listener] : listeners_) {
    ++listener.seen;
    if (!listener.filter.matches(sample)) continue;
    ++listener.matched;
    ++counters_.matched;
    if (listener.records_left < 1 || listener.bytes_left <= 0) {
      ++listener.dropped;
      ++counters_.dropped;
      continue;
    }
    const std::string line = seen.line(listener.body);
    listener.records_left -= 1;
    listener.bytes_left -= static_cast<double>(line.size());
    ++listener.sent;
    listener.lines += line;
    if (listener.lines.size() >= frame_bytes) finish(topic, listener, since_epoch_, full_);
  }
}

void Tap::event(const State& state, const std::string& gateway, const ClientId& client,
                const schemas::UnitEvent& event) {
  Seen seen{.what = "event", .up = true, .kind = kind_name(event.kind), .gateway = gateway};
  seen.of(state, client);
  seen.seq = event.seq;
  seen.size = event.payload.size();
  seen.payload = event.payload;
  show(seen);
}

void Tap::unit(const State& state, const std::string& worker, const schemas::Unit& unit,
               std::span<const schemas::UnitEvent> events) {
  Seen seen{.what = "unit", .up = true, .kind = kind_name(events.front().kind), .worker = worker};
  seen.of(state, unit.client);
  seen.seq = events.front().seq;
  seen.attempt = unit.attempt;
  seen.events = events.size();
  for (const auto& event : events) seen.size += event.payload.size();
  show(seen);
}

void Tap::outcome(const State& state, const std::string& worker, const ClientId& client,
                  const schemas::UnitEvent& event, const schemas::Outcome& outcome) {
  const bool done = outcome.verdict == schemas::Verdict::done;
  Seen seen{.what = done ? "commit" : "fail", .kind = kind_name(event.kind), .worker = worker};
  seen.of(state, client);
  seen.seq = event.seq;
  seen.attempt = outcome.attempt;
  if (done) seen.effects = outcome.effects.size();
  if (outcome.verdict == schemas::Verdict::again) seen.verdict = "again";
  seen.reason = outcome.error;
  seen.size = payload_bytes(outcome.effects);
  show(seen);
}

void Tap::dead(const State& state, const ClientId& client, const schemas::UnitEvent& event, const std::string& reason) {
  Seen seen{.what = "dead", .kind = kind_name(event.kind)};
  seen.of(state, client);
  seen.seq = event.seq;
  seen.reason = reason;
  seen.size = event.payload.size();
  seen.payload = event.payload;
  show(seen);
}

void Tap::deliveries(const State& state, const std::string& gateway, std::uint64_t first, std::string_view records) {
  schemas::Cursor cursor(records);
  for (std::uint64_t number = first; !cursor.at_end(); ++number) {
    const auto record = schemas::decode_to_gateway(cursor);
    const auto* deliver = std::get_if<schemas::Deliver>(&record);
    if (deliver == nullptr) continue;
    const schemas::Send& send = deliver->send;
    Seen seen{.what = "deliver", .gateway = gateway};
    seen.number = number;
    seen.size = send.payload.size();
    seen.payload = send.payload;
    switch (send.scope) {
      case schemas::Scope::uids:
        seen.to = "uid";
        seen.uids = send.names;
        break;
      case schemas::Scope::groups:
        seen.to = "group";
        seen.groups = send.names;
        break;
      case schemas::Scope::all:
        seen.to = "all";
        break;
      default:
        seen.to = "client";
        if (send.clients.size() == 1) seen.of(state, send.clients.front());
        seen.clients = send.clients;
    }
    show(seen);
  }
}

void Tap::finish(const std::string& topic, Listener& listener, Duration since_epoch, std::vector<std::string>& frames) {
  std::array<char, 32> at{};
  std::snprintf(at.data(), at.size(), "%.6f", std::chrono::duration<double>(since_epoch).count());
  std::string frame = topic + "{\"tap\":1,\"at\":" + at.data() + ",\"seen\":" + std::to_string(listener.seen) +
                      ",\"matched\":" + std::to_string(listener.matched) +
                      ",\"dropped\":" + std::to_string(listener.dropped) +
                      ",\"sent\":" + std::to_string(listener.sent) + "}\n";
  frame += listener.lines;
  listener.lines.clear();
  frames.push_back(std::move(frame));
}

std::vector<std::string> Tap::end_turn(Instant now, Duration since_epoch) {
  since_epoch_ = since_epoch;
  std::vector<std::string> frames = std::exchange(full_, {});
  for (auto& [topic, listener] : listeners_) {
    const double seconds = std::chrono::duration<double>(now - std::exchange(listener.refilled, now)).count();
    // A tenth of a second's worth may come at once.
    listener.records_left = std::min(records_a_second / 10, listener.records_left + seconds * records_a_second);
    listener.bytes_left = std::min(bytes_a_second / 10, listener.bytes_left + seconds * bytes_a_second);
    if (listener.lines.empty() && now - listener.told < word_every) continue;
    listener.told = now;
    finish(topic, listener, since_epoch, frames);
  }
  return frames;
}

}  // namespace fairlead::broker
