// Context is what a handler sees of one event and what it can do about it. It promises:
//
// - Effects (everything that sends, binds, joins, closes or sets a session) happen together and in the order in which
//   they were asked for, when the outcome of the event commits; or not at all, when the handler throws, its worker
//   dies, or another attempt overtook this one. Nothing is visible to anybody before the handler has returned.
// - Queries ask the broker now, and wait for the answer, at most a few seconds: an Error then, never a stuck worker.
//   They see what is committed, not what this handler has asked for so far.
// - session(), uid() and groups() of the client whose event it is are always the newest, and include what this handler
//   has asked for so far: ten thousand quick increments of a session make ten thousand.
//
// What breaks a limit (a message of 16 MiB, 256 effects, about 1 MiB beside the largest of them, names of 1 to 128
// bytes, sessions up to 64 KiB) throws std::length_error or std::invalid_argument where it is asked for. Left uncaught,
// it fails the handler, which is reported.
//
// A Context ends with the handler's call and belongs to its thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/store.hpp"
#include "fairlead/types.hpp"

namespace fairlead {

class Context {
 public:
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  virtual ~Context() = default;

  // ---- the event

  virtual ClientId client() const = 0;
  virtual std::uint64_t seq() const = 0;  // 1 for its open, then 2, 3…
  virtual std::uint64_t attempt()
      const = 0;  // 1, or more when a worker died or failed with this event or one before it
  virtual std::string_view peer() const = 0;
  virtual std::string_view gateway() const = 0;
  virtual bool message_is_binary() const = 0;

  // ---- its client, as this handler has made it so far

  virtual const std::optional<std::string>& uid() const = 0;
  virtual const std::vector<std::string>& groups() const = 0;
  virtual std::string_view session() const = 0;  // until the next set_session
  virtual std::uint64_t session_version() const = 0;

  // ---- effects: messages

  // To the client whose event this is: as text or as binary, as its message came. Text when there was no message.
  void reply(std::string_view message) { send_to_client(client(), message, {.binary = message_is_binary()}); }
  void reply_text(std::string_view message) { send_to_client(client(), message); }
  void reply_binary(std::string_view message) { send_to_client(client(), message, {.binary = true}); }

  virtual void send_to_all(std::string_view message, SendToAllOptions options = {}) = 0;
  virtual void send_to_clients(std::vector<ClientId> clients, std::string_view message, SendOptions options = {}) = 0;
  // Every client bound to one of the uids.
  virtual void send_to_uids(std::vector<std::string> uids, std::string_view message, SendOptions options = {}) = 0;
  // Every member; one copy for a member of several.
  virtual void send_to_groups(std::vector<std::string> groups, std::string_view message, SendOptions options = {}) = 0;

  void send_to_client(ClientId to, std::string_view message, SendOptions options = {}) {
    send_to_clients({to}, message, std::move(options));
  }
  void send_to_uid(std::string_view uid, std::string_view message, SendOptions options = {}) {
    send_to_uids({std::string(uid)}, message, std::move(options));
  }
  void send_to_group(std::string_view group, std::string_view message, SendOptions options = {}) {
    send_to_groups({std::string(group)}, message, std::move(options));
  }

  // ---- effects: who is who. One uid a client, which may have many clients; any number of groups up to 1,024.

  virtual void bind_uid(ClientId client, std::string_view uid) = 0;  // replaces the uid it had
  virtual void unbind_uid(ClientId client) = 0;
  virtual void join_group(ClientId client, std::string_view group) = 0;
  virtual void leave_group(ClientId client, std::string_view group) = 0;
  virtual void ungroup(std::string_view group) = 0;  // all members leave

  void bind_uid(std::string_view uid) { bind_uid(client(), uid); }
  void unbind_uid() { unbind_uid(client()); }
  void join_group(std::string_view group) { join_group(client(), group); }
  void leave_group(std::string_view group) { leave_group(client(), group); }

  // ---- effects: sessions. A client's own handler sets it as it likes; other handlers had better compare, or what the
  // client's own handler is doing at the same time is overwritten.

  virtual void set_session(ClientId client, std::string_view session) = 0;
  virtual void compare_and_set_session(ClientId client, std::uint64_t version, std::string_view session) = 0;

  void set_session(std::string_view session) { set_session(client(), session); }

  // ---- effects: goodbye. Its `on_close` follows, as for any client that goes.

  // After what still waits for it, and `last`.
  virtual void close_client(ClientId client, std::optional<std::string_view> last = std::nullopt) = 0;
  // At once; what waits for it is thrown away.
  virtual void destroy_client(ClientId client) = 0;

  void close(std::optional<std::string_view> last = std::nullopt) { close_client(client(), last); }

  // ---- at once: neither effect nor query

  // "I am still at it": moves this event's deadline (30 s), after which it would be given to another worker.
  virtual void progress() = 0;
  virtual Store& store() = 0;

  // ---- queries. Lists come in pages and in no promised order; clients that come or go meanwhile may or may not be
  // there.

  template <class T>
  using Answer = Result<Answered<T>>;

  virtual Answer<std::vector<ClientId>> which_online(std::vector<ClientId> clients) = 0;
  virtual Answer<std::vector<std::string>> which_uids_online(std::vector<std::string> uids) = 0;
  Answer<bool> is_online(ClientId client);
  Answer<bool> is_uid_online(std::string_view uid);

  virtual Answer<std::vector<ClientId>> clients_of_uids(std::vector<std::string> uids) = 0;
  // Clients without a uid, or that are not online, are left out.
  virtual Answer<std::map<ClientId, std::string>> uids_of(std::vector<ClientId> clients) = 0;
  Answer<std::vector<ClientId>> clients_of_uid(std::string_view uid) { return clients_of_uids({std::string(uid)}); }
  Answer<std::optional<std::string>> uid_of(ClientId client);

  virtual Answer<std::vector<ClientId>> clients_in_groups(std::vector<std::string> groups) = 0;
  virtual Answer<std::vector<std::string>> uids_in_groups(std::vector<std::string> groups) = 0;
  Answer<std::vector<ClientId>> clients_in_group(std::string_view group) {
    return clients_in_groups({std::string(group)});
  }
  Answer<std::vector<std::string>> uids_in_group(std::string_view group) {
    return uids_in_groups({std::string(group)});
  }

  // Of a group, or of all.
  virtual Answer<std::uint64_t> client_count(std::optional<std::string_view> group = std::nullopt) = 0;
  virtual Answer<std::uint64_t> uid_count(std::optional<std::string_view> group = std::nullopt) = 0;

  virtual Answer<std::vector<ClientId>> all_clients() = 0;
  virtual Answer<std::vector<std::string>> all_uids() = 0;
  virtual Answer<std::map<std::string, std::uint64_t>> group_sizes() = 0;
  Answer<std::vector<std::string>> all_groups();

  virtual Answer<std::vector<SessionInfo>> sessions(std::optional<std::string_view> group = std::nullopt) = 0;
  // Nothing when the client is not online. Its version is what compare_and_set_session wants.
  virtual Answer<std::optional<SessionInfo>> session_of(ClientId client) = 0;
};

}  // namespace fairlead
