// One user's connection: its socket, its codec, its outbox, and the messages that were read but not yet taken.
//
//   opening ──it is known who──> open ──anybody hangs up──> closing ──flushed──> leaving ──the peer's end──> dead
//                                 └─the user says goodbye, or breaks a rule─> settling ─┘ (then closing)
//
// settling: a user's own end waits until what the user said before has been answered, for a while.
// opening: a trusted proxy has to say for whom it has connected, a WebSocket has to be asked for. line and frame without
// a proxy are open at once. The machine hears of a user when the connection is open, and of its end exactly
// once, after the last message that was read. `dead` is a connection whose socket is closed; it stays while messages
// that were read wait for room in the machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "bus/io/loop.hpp"
#include "bus/time.hpp"
#include "gateway/gateway.hpp"
#include "gateway/io/entrance.hpp"
#include "gateway/io/transport.hpp"
#include "gateway/io/user_log.hpp"
#include "gateway/message_rate.hpp"
#include "gateway/outbox.hpp"
#include "gateway/vigil.hpp"
#include "protocols/ip_address.hpp"
#include "protocols/proxy_header.hpp"
#include "protocols/server_codec.hpp"
#include "protocols/sink.hpp"

namespace fairlead::gateway::io {

struct UserCounters {
  std::uint64_t accepted = 0;
  std::uint64_t refused_too_many = 0;  // over the limit of connections
  std::uint64_t refused_too_many_from_there = 0;
  std::uint64_t refused_handshakes = 0;  // bad or unwanted HTTP, and those refused before their upgrade
  std::uint64_t bad_proxy_headers = 0;
  std::uint64_t tls_failures = 0;  // handshakes that came to no good end
  std::uint64_t handshake_timeouts = 0;
  std::uint64_t http_requests = 0;
  std::uint64_t left = 0;              // ended by the user
  std::uint64_t broke_rules = 0;       // ended for what they sent: too big, not UTF-8, bad frames
  std::uint64_t closed = 0;            // ended by the machine
  std::uint64_t too_slow = 0;          // ended because they did not read
  std::uint64_t too_slow_for_all = 0;  // likewise, at the limit of all users together
  std::uint64_t silent = 0;            // ended because they gave no sign of life
  std::uint64_t idle = 0;              // ended because they said nothing
  std::uint64_t strangers = 0;         // ended because they did not log in
  std::uint64_t held_back = 0;         // times that somebody spoke too often
  std::uint64_t newest_dropped = 0;    // messages, by an outbox policy
  std::uint64_t oldest_dropped = 0;
  std::uint64_t bytes_dropped = 0;  // of both
  std::uint64_t pongs_dropped = 0;
  std::uint64_t accept_pauses = 0;  // out of descriptors
};

class Connection;

// What a connection needs from the one who owns it.
class Host {
 public:
  Host(fairlead::io::Loop& its_loop, Gateway& its_gateway, Actions& its_actions)
      : loop(its_loop), gateway(its_gateway), actions(its_actions) {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  virtual ~Host() = default;

  virtual void stall(Connection& connection) = 0;       // try_continue() when everybody is resumed
  virtual void settle(Connection& connection) = 0;      // try_settle() at the end of this turn and of those that follow
  virtual void mark_dirty(Connection& connection) = 0;  // write() at the end of the turn
  virtual void bury(Connection& connection) = 0;        // to be destroyed at the end of the turn
  virtual void hold_back(Connection& connection, Instant until) = 0;  // try_continue() then
  // Whether there is room for one more from there. None: come in.
  virtual std::optional<protocols::HttpRefusal> place(Connection& connection, const protocols::Peer& peer) = 0;
  virtual std::string respond(const Entrance& entrance, const protocols::HttpRequest& request) = 0;

  fairlead::io::Loop& loop;
  Gateway& gateway;
  Actions& actions;
  UserCounters* counters = nullptr;
  OutboxMemory* memory = nullptr;
  UserLog* log = nullptr;
  std::span<char> buffer;  // for the read of the moment
  Instant now;
};

class Connection final : private protocols::Sink {
 public:
  Connection(Host& host, const Entrance& entrance, UserId user, fairlead::io::Fd socket);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // With `refusal`, only to be told so: see Host::place.
  Status start(const protocols::Peer& peer, std::optional<protocols::HttpRefusal> refusal);

  UserId user() const { return user_; }
  protocols::Kind kind() const { return codec_.kind(); }
  const Entrance& entrance() const { return entrance_; }
  std::string client() const;  // by which name the bus knows the user
  bool hears() const { return phase_ == Phase::open || phase_ == Phase::settling; }

  // One message, framed for kind().
  template <class Bytes>
  void send(const Bytes& framed) {
    if (!hears()) return;
    after_push(outbox_.push(framed, entrance_.settings.outbox));
  }
  void close(const CloseUser& close);
  void pause();
  void try_continue();  // after a resume: hands in what waits, and reads on if there is room

  bool try_settle();  // false: not yet
  void write();
  void give_up();  // a handshake that has not come to its end
  void on_time();
  void on_pause(Duration pause);  // we were frozen: nobody's silence counts

  bool dirty = false;  // Host's marks
  bool counted = false;
  bool refused = false;
  bool held_back = false;
  bool stalled = false;
  bool settling = false;
  bool buried = false;

 private:
  enum class Phase : std::uint8_t { opening, open, settling, closing, leaving, dead };

  // What is known, and to be known, of who comes.
  struct Opening {
    protocols::Peer peer;
    std::optional<protocols::HttpRefusal> refusal;
    std::optional<protocols::ProxyHeader> header;            // that must come
    std::optional<protocols::ProxyHeaderDetector> unwanted;  // that must not
  };

  // Messages that were read behind the one that made the machine say stop, and the end that comes behind them.
  struct Held {
    std::string bytes;  // u32 size with the binary flag on top, payload; again and again
    std::size_t at = 0;
    std::optional<schemas::CloseReason> end;
  };

  void on_ready(fairlead::io::Loop::Ready ready);
  void read();
  void take(std::span<char> bytes);
  void read_proxy_header();
  void shake_hands();
  void on_source_known();
  void on_secured();
  void identify(const protocols::Fields& headers);
  bool speaks_for_others() const;
  void on_bad_proxy_header(std::string_view why);
  void on_last_word();
  std::optional<protocols::HttpRefusal> on_upgrade(const protocols::Handshake& handshake) override;
  void on_open(protocols::Handshake&& handshake) override;
  void on_http(protocols::HttpRequest&& request) override;
  void on_message(protocols::Message message) override;
  void on_reply(std::string_view bytes) override;
  void on_close(const protocols::Ending& ending) override;

  void announce(schemas::Handshake&& handshake);
  bool hand_in(std::string_view payload, bool binary);
  bool over_rate();
  void hold(protocols::Message message);
  void end_conversation(const schemas::CloseReason& reason);  // tells the machine, behind what is held
  void begin_settling(std::string_view last_words);
  void say_goodbye(const schemas::CloseReason& reason);
  void begin_closing();
  void die();  // closes the socket
  void abort(const schemas::CloseReason& reason);
  void after_push(const Outbox::Push& push);
  void look_after(Instant now);
  void update_interest();
  // Who is being closed is read on, to see the answer and the end; what it says is thrown away by then.
  bool reads() const { return !peer_ended_ && (phase_ != Phase::open || !stopped_); }

  Host& host_;
  const Entrance& entrance_;
  UserId user_;
  Transport transport_;
  fairlead::io::Loop::Watch watch_;
  protocols::ServerCodec codec_;
  Outbox outbox_;
  std::unique_ptr<Opening> opening_;  // until it is known who comes
  std::unique_ptr<Held> held_;
  std::unique_ptr<std::string> ending_;  // settling: the codec's last words
  Vigil vigil_;
  Speech speech_;
  Instant deadline_;  // opening: of the handshake; settling: of that; closing, leaving: of it all
  Phase phase_ = Phase::opening;
  bool stopped_ = false;  // the machine wants nothing more for now
  bool kernel_full_ = false;
  bool peer_ended_ = false;  // nothing more will come; there is nothing to read
  bool last_words_ = false;  // what the codec replies goes behind everything else
  bool told_ = false;        // the machine knows of the user's end, or never knew of the user
};

}  // namespace fairlead::gateway::io
