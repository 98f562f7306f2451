// Context is what a handler sees of one event and what it can do about it: all that a Bus can, and its client. It
// promises:
//
// - Nothing is visible to anybody before the handler has returned; and nothing at all when it throws, its worker dies,
//   or another attempt overtook this one.
// - session(), uid() and groups() of the client whose event it is are the newest, and include what this handler has
//   asked for so far: ten thousand quick increments of a session make ten thousand, whoever makes them. If somebody
//   else has set the session meanwhile, the outcome does not count, and the event is handled again.
//
// A limit that is broken and left uncaught fails the handler, which is reported.
#pragma once

#include <functional>

#include "fairlead/bus.hpp"

namespace fairlead {

class Context : public Bus {
 public:
  // ---- the event

  virtual ClientId client() const = 0;
  virtual std::uint64_t seq() const = 0;  // 1 for its open, then 2, 3…
  // 1, or more when a worker died or failed with this event or one before it.
  virtual std::uint64_t attempt() const = 0;
  virtual std::string_view peer() const = 0;
  virtual std::string_view gateway() const = 0;
  // How the client came, with its query, headers and cookies: of its open, as on_open has it too; null in later events.
  // What is wanted of it later belongs into the session.
  virtual const Handshake* handshake() const = 0;
  virtual bool message_is_binary() const = 0;

  // ---- its client, as this handler has made it so far

  virtual const std::optional<std::string>& uid() const = 0;
  virtual const std::vector<std::string>& groups() const = 0;
  virtual std::string_view session() const = 0;  // until the next set_session
  virtual std::uint64_t session_version() const = 0;

  // ---- the same effects as on any Bus, for the client whose event this is

  // As text or as binary, as its message came. Text when there was no message.
  void reply(std::string_view message) { send_to_client(client(), message, {.binary = message_is_binary()}); }
  void reply_text(std::string_view message) { send_to_client(client(), message); }
  void reply_binary(std::string_view message) { send_to_client(client(), message, {.binary = true}); }

  using Bus::bind_uid;
  using Bus::cancel_timer;
  using Bus::join_group;
  using Bus::leave_group;
  using Bus::set_session;
  using Bus::unbind_uid;
  void bind_uid(std::string_view uid) { bind_uid(client(), uid); }
  void unbind_uid() { unbind_uid(client()); }
  void join_group(std::string_view group, JoinOptions options = {}) { join_group(client(), group, options); }
  void leave_group(std::string_view group) { leave_group(client(), group); }
  void set_session(std::string_view session) { set_session(client(), session); }
  void close(std::optional<std::string_view> last = std::nullopt) { close_client(client(), last); }
  void after(std::chrono::milliseconds time, std::string_view name, std::string_view payload = {}) {
    set_timer(client(), name, time, payload);
  }
  void cancel_timer(std::string_view name) { cancel_timer(client(), name); }

  // ---- any client's session

  // Sets it to what `change` makes of it, also while others do the same: none of their changes is lost, because this
  // event is handled again if it must be. What this handler has already set is what `change` sees. False: the client is
  // not online. An Error: the broker could not be asked.
  Result<bool> update_session(ClientId client, const std::function<std::string(std::string_view)>& change);

  // ---- at once

  // "I am still at it": moves this event's deadline (30 s), after which it would be given to another worker.
  virtual void progress() = 0;
  // Leaves the handler: nothing of what it asked for counts, and the event comes again after this time, before any later
  // one of its client. Nobody is to blame for it, so it does not become a dead letter. At most an hour at a time.
  [[noreturn]] void retry_after(std::chrono::milliseconds time);

 protected:
  // As the broker has it, and as this handler has set it since. Nothing when the client is not online.
  virtual Result<std::optional<SessionInfo>> newest_session(ClientId client) = 0;
};

}  // namespace fairlead
