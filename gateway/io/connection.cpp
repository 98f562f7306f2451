#include "gateway/io/connection.hpp"

#include <cstring>
#include <utility>

#include "bus/io/clock.hpp"
#include "protocols/forwarded.hpp"
#include "protocols/message.hpp"
#include "protocols/upgrade.hpp"

namespace fairlead::gateway::io {
namespace {

using fairlead::io::Fd;
using fairlead::io::Loop;
namespace close_code = protocols::close_code;

constexpr std::uint32_t binary_flag = std::uint32_t{1} << 31U;

using Pairs = std::vector<std::pair<std::string, std::string>>;
Pairs pairs(protocols::Fields&& fields) {
  Pairs out;
  out.reserve(fields.size());
  while (!fields.empty()) {
    auto field = fields.extract(fields.begin());
    out.emplace_back(std::move(field.key()), std::move(field.mapped()));
  }
  return out;
}

}  // namespace

Connection::Connection(Host& host, const Entrance& entrance, UserId user, Fd socket)
    : host_(host),
      entrance_(entrance),
      user_(user),
      transport_(std::move(socket), entrance.settings.vigil.dead),
      codec_(entrance.kind, entrance.settings.protocol),
      outbox_(*host.memory),
      vigil_(host.now),
      deadline_(host.now + entrance.settings.handshake) {}

Connection::~Connection() { host_.loop.remove(watch_); }

// ---- who comes

Status Connection::start(const protocols::Peer& peer, std::optional<protocols::HttpRefusal> refusal) {
  auto watch = host_.loop.add(transport_.fd(), {.read = true}, [this](Loop::Ready ready) { on_ready(ready); });
  if (!watch) return watch.error();
  watch_ = *watch;
  if (entrance_.certificate) {
    auto tls = entrance_.certificate->accept(transport_.fd());
    if (!tls) return Error{"no memory for TLS"};
    transport_.secure(std::move(tls));
  }
  opening_ = std::make_unique<Opening>(Opening{.peer = peer, .refusal = std::move(refusal)});
  if (entrance_.settings.proxy_protocol) {
    if (entrance_.settings.trusts(peer.address)) {
      opening_->header.emplace();
      return Nothing{};
    }
    opening_->unwanted.emplace();
  }
  on_source_known();
  return Nothing{};
}

// Takes the header's bytes only: what comes behind it may be encrypted.
void Connection::read_proxy_header() {
  protocols::ProxyHeader& header = *opening_->header;
  const std::span<char> bytes = host_.buffer.first(protocols::ProxyHeader::max_size);
  const Transport::Read got = transport_.peek(bytes);
  if (got.what == Transport::Read::What::nothing) return;
  if (got.what != Transport::Read::What::bytes) return abort({});
  transport_.skip(header.feed({bytes.data(), got.bytes}));
  if (!header.fault().empty()) return on_bad_proxy_header(header.fault());
  if (!header.complete()) return;
  if (header.source()) opening_->peer = *header.source();
  opening_->header.reset();
  on_source_known();
}

void Connection::shake_hands() {
  switch (transport_.shake_hands()) {
    case Transport::Shake::done:
      update_interest();
      return on_secured();
    case Transport::Shake::again:
      return update_interest();
    case Transport::Shake::failed:
      ++host_.counters->tls_failures;
      return abort({});
  }
}

void Connection::on_bad_proxy_header(std::string_view why) {
  ++host_.counters->bad_proxy_headers;
  host_.log->bad_proxy_header(host_.now, entrance_.text, opening_->peer.text(), why);
  abort({close_code::protocol_error, "a bad PROXY header"});
}

// An HTTP proxy says in its request for whom it speaks.
bool Connection::speaks_for_others() const {
  return kind() == protocols::Kind::ws && entrance_.settings.forwarded != protocols::ForwardedBy::nothing &&
         entrance_.settings.trusts(opening_->peer.address);
}

void Connection::on_source_known() {
  if (!speaks_for_others() && !opening_->refusal) opening_->refusal = host_.place(*this, opening_->peer);
  // line and frame have no words for it; a WebSocket's request is still to come, and is answered.
  if (opening_->refusal && codec_.is_open()) return die();
  if (!transport_.is_shaking()) on_secured();
}

void Connection::on_secured() {
  if (!codec_.is_open()) return;
  announce({.peer = opening_->peer.text(), .listener = entrance_.text});
}

void Connection::identify(const protocols::Fields& headers) {
  if (!speaks_for_others() || opening_->refusal) return;
  const EntranceSettings& settings = entrance_.settings;
  if (const auto header = headers.find(protocols::header_name(settings.forwarded)); header != headers.end()) {
    const auto trusted = [&](const protocols::IpAddress& address) { return settings.trusts(address); };
    const auto user = protocols::forwarded_for(settings.forwarded, header->second, trusted);
    if (user) opening_->peer = *user;
  }
  opening_->refusal = host_.place(*this, opening_->peer);
}

std::optional<protocols::HttpRefusal> Connection::on_upgrade(const protocols::Handshake& handshake) {
  identify(handshake.headers);
  return opening_->refusal;
}

void Connection::on_open(protocols::Handshake&& handshake) {
  announce({.peer = opening_->peer.text(),
            .listener = entrance_.text,
            .path = std::move(handshake.path),
            .query = pairs(std::move(handshake.query)),
            .headers = pairs(std::move(handshake.headers)),
            .cookies = pairs(std::move(handshake.cookies))});
}

void Connection::announce(schemas::Handshake&& handshake) {
  phase_ = Phase::open;
  vigil_.on_open(host_.now);
  host_.gateway.on_user_opened(user_, handshake, host_.now, host_.actions);
  if (!opening_->unwanted) opening_.reset();
  if (!host_.gateway.accepts(user_)) pause();
}

void Connection::on_http(protocols::HttpRequest&& request) {
  ++host_.counters->http_requests;
  told_ = true;
  identify(request.headers);
  if (const auto& refusal = opening_->refusal) {
    outbox_.push_last_words(protocols::refuse(refusal->status, refusal->why).reply);
  } else {
    outbox_.push_last_words(host_.respond(entrance_, request));
  }
  begin_closing();
}

// ---- in

void Connection::on_ready(Loop::Ready ready) {
  host_.now = fairlead::io::now();
  if (ready.writable) {
    kernel_full_ = false;
    host_.mark_dirty(*this);
  }
  if ((ready.readable || (ready.writable && transport_.wants_write())) && reads()) {
    read();
  } else if (ready.broken) {
    // Nobody is there to read for, and epoll would say so again and again.
    ++host_.counters->left;
    abort({close_code::abnormal, "the connection was reset"});
  }
}

void Connection::read() {
  if (phase_ == Phase::open && host_.gateway.paused_all()) {
    pause();
    return;
  }
  if (opening_ && opening_->header) return read_proxy_header();
  if (transport_.is_shaking()) return shake_hands();
  const Transport::Read got = transport_.read(host_.buffer);
  switch (got.what) {
    case Transport::Read::What::nothing:
      update_interest();
      return;
    case Transport::Read::What::bytes:
      vigil_.on_bytes(host_.now);
      take(host_.buffer.first(got.bytes));
      update_interest();
      return;
    case Transport::Read::What::end:
    case Transport::Read::What::failed: {
      const bool reset = got.what == Transport::Read::What::failed;
      if (!reset && phase_ == Phase::open && kind() != protocols::Kind::ws) return on_last_word();
      if (phase_ == Phase::open) ++host_.counters->left;
      const bool without_goodbye = reset || kind() == protocols::Kind::ws;
      abort({without_goodbye ? close_code::abnormal : close_code::normal,
             reset ? "the connection was reset" : "the user hung up"});
      return;
    }
  }
}

void Connection::take(std::span<char> bytes) {
  if (opening_ && opening_->unwanted) {
    using Verdict = protocols::ProxyHeaderDetector::Verdict;
    const Verdict verdict = opening_->unwanted->feed({bytes.data(), bytes.size()});
    if (verdict == Verdict::yes) return on_bad_proxy_header("not from a trusted proxy");
    if (verdict == Verdict::no) opening_->unwanted.reset();
    if (verdict == Verdict::no && phase_ != Phase::opening) opening_.reset();
  }
  if (phase_ != Phase::leaving) codec_.feed(bytes, *this);
}

// `printf 'hello\n' | nc -N host port`: who has nothing more to say may still want to hear.
void Connection::on_last_word() {
  ++host_.counters->left;
  peer_ended_ = true;
  end_conversation({close_code::normal, "the user hung up"});
  begin_settling({});
}

void Connection::on_message(protocols::Message message) {
  if (phase_ != Phase::open) return;
  vigil_.on_message(host_.now);
  if (stopped_) return hold(message);
  if (!hand_in(message.payload, message.binary)) pause();
}

// False: nothing more for now.
bool Connection::hand_in(std::string_view payload, bool binary) {
  const bool more = host_.gateway.on_user_message(user_, payload, binary, host_.now, host_.actions);
  if (entrance_.settings.rate) speech_.on_message(entrance_.settings.rate, host_.now);
  return !over_rate() && more;
}

// What was read of a user who is gone is not held back any more.
bool Connection::over_rate() {
  const MessageRate& rate = entrance_.settings.rate;
  if (!rate || phase_ != Phase::open) return false;
  const Instant next = speech_.next(rate);
  if (next <= host_.now) return false;
  host_.hold_back(*this, next);
  return true;
}

void Connection::on_reply(std::string_view bytes) {
  if (last_words_) {
    outbox_.push_last_words(bytes);
  } else if (!outbox_.push_control(bytes)) {
    ++host_.counters->pongs_dropped;
  }
  host_.mark_dirty(*this);
}

void Connection::on_close(const protocols::Ending& ending) {
  if (phase_ == Phase::opening) {
    ++host_.counters->refused_handshakes;
    told_ = true;
  } else if (phase_ == Phase::open) {
    if (!last_words_) ++(ending.by_peer ? host_.counters->left : host_.counters->broke_rules);
    end_conversation({ending.reason.code, ending.reason.text});
    if (!last_words_) return begin_settling(ending.last_words);
  }
  outbox_.push_last_words(ending.last_words);
  begin_closing();
}

void Connection::begin_settling(std::string_view last_words) {
  if (phase_ != Phase::open) return;
  phase_ = Phase::settling;
  if (!last_words.empty()) ending_ = std::make_unique<std::string>(last_words);
  deadline_ = host_.now + entrance_.settings.close;
  host_.settle(*this);
  update_interest();
}

bool Connection::try_settle() {
  if (phase_ != Phase::settling) return true;
  if ((held_ || host_.gateway.owes(user_)) && host_.now < deadline_) return false;
  if (ending_) outbox_.push_last_words(*std::exchange(ending_, nullptr));
  begin_closing();
  return true;
}

// ---- pausing

void Connection::pause() {
  stopped_ = true;
  if (host_.gateway.paused_all()) host_.stall(*this);
  update_interest();
}

void Connection::hold(protocols::Message message) {
  if (!held_) held_ = std::make_unique<Held>();
  const auto head = static_cast<std::uint32_t>(message.payload.size()) | (message.binary ? binary_flag : 0);
  held_->bytes.append(reinterpret_cast<const char*>(&head), sizeof head);
  held_->bytes += message.payload;
}

void Connection::try_continue() {
  if (!stopped_ || told_) return;
  if (!host_.gateway.accepts(user_)) {
    if (host_.gateway.paused_all()) host_.stall(*this);
    return;
  }
  if (over_rate()) return;
  bool more = true;
  while (more && held_ && held_->at < held_->bytes.size()) {
    std::uint32_t head = 0;
    std::memcpy(&head, held_->bytes.data() + held_->at, sizeof head);
    const std::string_view payload(held_->bytes.data() + held_->at + sizeof head, head & ~binary_flag);
    held_->at += sizeof head + payload.size();
    more = hand_in(payload, (head & binary_flag) != 0);
  }
  if (held_ && held_->at == held_->bytes.size()) {
    const auto end = std::move(held_->end);
    held_.reset();
    if (end) {
      end_conversation(*end);
      if (phase_ == Phase::dead) host_.bury(*this);
      return;
    }
  }
  if (!more) return pause();
  stopped_ = false;
  vigil_.on_deaf(host_.now);  // what the user said meanwhile was not read
  update_interest();
}

}  // namespace fairlead::gateway::io
