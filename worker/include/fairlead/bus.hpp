// Bus is what business code can ask of the bus. It promises:
//
// - Effects (everything that sends, binds, joins, closes, sets a session or a timer) happen together and in the order in
//   which they were asked for, when the handler's outcome or the publication commits; or not at all.
// - Queries ask the broker now, and wait for the answer, at most a few seconds: an Error then, never a stuck worker.
//   They see what is committed, not what this handler has asked for so far.
//
// What breaks a limit (a message of 16 MiB, 256 effects, about 1 MiB beside the largest of them, names of 1 to 128
// bytes, sessions up to 64 KiB) throws std::length_error or std::invalid_argument where it is asked for.
//
// A Bus ends with the call that it was handed to, and belongs to that thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/store.hpp"
#include "fairlead/types.hpp"

namespace fairlead {

class Bus {
 public:
  Bus() = default;
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;
  virtual ~Bus() = default;

  // ---- effects: messages

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
  virtual void join_group(ClientId client, std::string_view group, JoinOptions options = {}) = 0;
  virtual void leave_group(ClientId client, std::string_view group) = 0;
  virtual void ungroup(std::string_view group) = 0;  // all members leave

  // ---- effects: sessions. A version that is compared and is another by then: what asked for this is not committed, and
  // the event is handled again with what is there now. Only a publication has no event that could come again: there the
  // one effect is passed over.

  virtual void set_session(ClientId client, std::string_view session) = 0;
  virtual void compare_and_set_session(ClientId client, std::uint64_t version, std::string_view session) = 0;

  // ---- effects: goodbye. Its `on_close` follows, as for any client that goes.

  // After what still waits for it, and `last`.
  virtual void close_client(ClientId client, std::optional<std::string_view> last = std::nullopt) = 0;
  // At once; what waits for it is thrown away.
  virtual void destroy_client(ClientId client) = 0;
  // Every client bound to the uid.
  virtual void close_uid(std::string_view uid, std::optional<std::string_view> last = std::nullopt) = 0;

  // ---- effects: timers. The client's `on_timer` is called after so long, once, if it is still there; also when workers
  // and brokers die in between. A timer of the same name is replaced. At most 64 for a client; payloads up to 64 KiB.

  virtual void set_timer(ClientId client, std::string_view name, std::chrono::milliseconds after,
                         std::string_view payload = {}) = 0;
  virtual void cancel_timer(ClientId client, std::string_view name) = 0;

  // ---- at once

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
  // Who is in the group, with their uids.
  Answer<std::map<ClientId, std::optional<std::string>>> group_members(std::string_view group);
};

}  // namespace fairlead
