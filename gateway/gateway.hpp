// A gateway's decisions: what becomes of what users say and of what the broker says (docs/protocol.md, section 4).
//
// What users said is kept until the broker has committed it, through any number of links and brokers, and nobody is
// hung up on because the bus is away: at its limits the gateway asks the shell to stop reading. What the broker sends
// is applied once, in number order. Pure: no socket, no clock; same inputs, same actions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bus/ids.hpp"
#include "bus/link.hpp"
#include "bus/pause.hpp"
#include "bus/random.hpp"
#include "bus/stream.hpp"
#include "bus/time.hpp"
#include "gateway/mirror.hpp"
#include "gateway/session.hpp"
#include "gateway/timers.hpp"
#include "gateway/uplink.hpp"
#include "gateway/user_id.hpp"
#include "schemas/frame.hpp"
#include "schemas/records.hpp"

namespace fairlead::gateway {

// ---- what the shell has to do

struct OpenLink {  // close the old sockets, open a DEALER and a SUB subscribed to schemas::deliveries_topic(link)
  LinkId link;
  bool operator==(const OpenLink&) const = default;
};
struct CloseLink {
  bool operator==(const CloseLink&) const = default;
};
// A send that would block while live() is on_link_broken(); before that it is a hello that comes again.
struct SendUp {
  std::string frame;
  bool operator==(const SendUp&) const = default;
};
struct ToUsers {
  std::vector<UserId> users;  // each once
  std::shared_ptr<const std::string> payload;
  bool binary = false;
};
// Nothing more is to be handed in for this user but on_user_closed(), which the shell owes in any case. Without `now`,
// what waits is flushed and then `last`.
struct CloseUser {
  UserId user;
  schemas::CloseReason reason;
  std::optional<std::string> last;
  bool binary = false;
  bool now = false;
  bool operator==(const CloseUser&) const = default;
};
// Stop reading; begin again. PauseAll and ResumeAll are for all users there are and will be, beside their own pauses.
struct PauseUser {
  UserId user;
  bool operator==(const PauseUser&) const = default;
};
struct ResumeUser {
  UserId user;
  bool operator==(const ResumeUser&) const = default;
};
struct PauseAll {
  bool operator==(const PauseAll&) const = default;
};
struct ResumeAll {
  bool operator==(const ResumeAll&) const = default;
};
// A fact for the log.
struct Note {
  enum class Level : std::uint8_t { debug, info, warning };
  Level level = Level::info;
  std::string event;
  std::string text;
  bool operator==(const Note&) const = default;
};

using Action =
    std::variant<ToUsers, SendUp, PauseUser, ResumeUser, CloseUser, PauseAll, ResumeAll, OpenLink, CloseLink, Note>;
using Actions = std::vector<Action>;

struct Config {
  std::string name;         // stable across restarts
  Incarnation incarnation;  // not
  LinkTimes times;
  UplinkLimits limits;
  Duration drain = 30s;         // how long on_stop() may take
  Duration acknowledge = 50ms;  // G4
  std::size_t acknowledge_bytes = std::size_t{64} << 10U;
};

class Gateway {
 public:
  struct Counters {
    std::uint64_t opened = 0;
    std::uint64_t closed = 0;
    std::uint64_t events = 0;     // taken from users, open and close included
    std::uint64_t committed = 0;  // of these
    std::uint64_t offered_again = 0;
    std::uint64_t deliveries = 0;      // numbered records applied
    std::uint64_t to_users = 0;        // messages handed to users' connections
    std::uint64_t repeated = 0;        // deliveries that had been applied before
    std::uint64_t gaps = 0;            // holes in the deliveries, each of which reset the link
    std::uint64_t stale = 0;           // frames of another link
    std::uint64_t bad = 0;             // frames that could not be read
    std::uint64_t unknown = 0;         // records of a type we do not know
    std::uint64_t refused = 0;         // clients that the broker did not have
    std::uint64_t timers = 0;          // that woke a client
    std::uint64_t replayed = 0;        // dead letters that became events again
    std::uint64_t timers_refused = 0;  // of clients that had too many
    std::uint64_t cut_off = 0;         // times that we were too far behind
    std::uint64_t links = 0;           // welcomes
    std::uint64_t pauses = 0;          // of single users
    std::uint64_t pauses_of_all = 0;
    std::uint64_t after_close = 0;  // messages that came for or from users who are gone
  };

  Gateway(Config config, Random random);

  // `user` has a value from 1 up, below 2^48, never used before: it becomes the counter in the client's id.
  void on_user_opened(UserId user, const schemas::Handshake& handshake, Instant now, Actions& out);
  // Takes the message whatever the limits. False: the user, or everybody, is paused now; keep what comes behind it and
  // hand it in after the Resume.
  bool on_user_message(UserId user, std::string_view payload, bool binary, Instant now, Actions& out);
  // Exactly once for each opened user, whoever closed.
  void on_user_closed(UserId user, const schemas::CloseReason& reason, Instant now, Actions& out);

  void on_frontend_frame(std::string_view frame, Instant now, Actions& out);  // came on DEALER
  void on_delivery_frame(std::string_view frame, Instant now, Actions& out);  // came on SUB, topic included
  void on_link_broken(std::string why);  // a send would block, DEALER has no connection any more, …

  // At the end of every turn, after all waiting input was handed in, and at the latest at next_time().
  void on_turn(Instant now, Actions& out);
  Instant next_time() const;

  // Closes every user with 1001 and says bye when all their events are committed, at the latest after Config::drain.
  void on_stop(Instant now, Actions& out);
  bool finished() const { return finished_; }

  bool live() const { return link_.live(); }
  bool accepts(UserId user) const;  // whether on_user_message() would be in order now
  bool paused_all() const { return uplink_.paused_all(); }
  // Whether something that a user said before its end is not committed: replies to it are still to come.
  bool owes(UserId user) const;
  bool has_uid(UserId user) const;
  std::optional<ClientId> client(UserId user) const;  // by which name the bus knows the user
  std::size_t clients() const { return sessions_.size(); }
  const Uplink& uplink() const { return uplink_; }
  const Counters& counters() const { return counters_; }

 private:
  // Users' side.
  void take_event(Session& session, schemas::EventKind kind, bool binary, std::string_view payload, Instant now,
                  Actions& out);
  void tell_change_of_all(Actions& out);
  void drop(Session& session, std::string_view reason, Actions& out);  // hangs up and forgets
  void forget(Session& session);
  Session* find(const ClientId& client);

  void wake(Instant now, Actions& out);

  // Up.
  void offer_everything(bool with_snapshots, Instant now, Actions& out);
  void append_numbered(std::string_view record, Instant now, Actions& out);
  void flush(Instant now, Actions& out);
  std::uint64_t ack() const;
  void send_alone(std::string_view record, Instant now, Actions& out);
  void end_link(Actions& out);
  void step_stop(Instant now, Actions& out);

  // Down.
  bool decode(schemas::Cursor records, bool numbered, Actions& out);
  void take_deliveries(std::string_view frame, Instant now, Actions& out);
  void on_bad_frame(std::string_view why, Actions& out);
  void on_record(const schemas::Unknown& record, Instant now, Actions& out);
  void on_record(const schemas::Heartbeat& record, Instant now, Actions& out);
  void on_record(const schemas::GatewayWelcome& record, Instant now, Actions& out);
  void on_record(const schemas::Refused& record, Instant now, Actions& out);
  void on_record(const schemas::Gap& record, Instant now, Actions& out);
  void on_record(const schemas::Reset& record, Instant now, Actions& out);
  void on_record(const schemas::Complaint& record, Instant now, Actions& out);
  void on_record(schemas::Deliver& record, Instant now, Actions& out);
  void on_record(const schemas::Bound& record, Instant now, Actions& out);
  void on_record(const schemas::Joined& record, Instant now, Actions& out);
  void on_record(const schemas::Left& record, Instant now, Actions& out);
  void on_record(const schemas::Ungrouped& record, Instant now, Actions& out);
  void on_record(schemas::SessionSet& record, Instant now, Actions& out);
  void on_record(schemas::Close& record, Instant now, Actions& out);
  void on_record(schemas::Timer& record, Instant now, Actions& out);
  void on_record(const schemas::Replay& record, Instant now, Actions& out);
  void on_record(const schemas::Committed& record, Instant now, Actions& out);
  void on_group_change(UserId user, const schemas::GroupChange& change, Instant now, Actions& out);
  std::vector<UserId> targets(const schemas::Send& send);

  Config config_;
  Link link_;
  PauseDetector pause_;
  Lineage lineage_;
  std::uint16_t shard_ = 0;

  Sessions sessions_;
  Uplink uplink_;
  Mirror mirror_;
  Timers timers_;

  OutStream up_;                    // this link's numbered stream to the broker
  schemas::FrameBuilder batch_;     // what is going to be sent of it
  std::uint64_t batch_first_ = 0;   // the number of the batch's first record
  std::uint64_t batch_ack_ = 0;     // what was applied when the batch began
  InStream down_;                   // deliveries
  std::size_t unacknowledged_ = 0;  // bytes of deliveries since the last ack
  Instant acknowledge_at_{};        // meaningful while unacknowledged_ > 0
  // SUB may be faster than DEALER: deliveries that came before the welcome of their link.
  std::vector<std::string> early_;
  std::size_t early_bytes_ = 0;
  bool told_away_ = false;                   // that the broker is away is told once, however many dials fail
  std::vector<schemas::ToGateway> records_;  // of the frame at hand
  schemas::Event event_;                     // its payload's memory is used again and again
  Instant last_turn_{};

  bool stopping_ = false;
  bool said_bye_ = false;
  bool finished_ = false;
  Instant stop_at_{};  // the drain's end, later the end of the bye's time to leave
  Counters counters_;
};

}  // namespace fairlead::gateway
