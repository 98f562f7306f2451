// The gateway's own copy of its part of the broker's directory: uids, groups and sessions of its clients, kept by the
// same stream as the messages, so that each message meets the members it was meant for (docs/protocol.md, G5). It is
// also what a broker that lost its journal is told.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/user_id.hpp"
#include "schemas/effect.hpp"

namespace fairlead::gateway {

class Mirror {
 public:
  struct Entry {
    std::optional<std::string> uid;
    std::map<std::string, bool> groups;  // and whether the client wants events about its membership
    std::uint64_t session_version = 0;
    std::string session;
  };

  void bind(UserId user, const std::optional<std::string>& uid);
  // Whether the user was no member before. One that watches goes on watching.
  bool join(UserId user, const std::string& group, bool watch = false);
  // Whether the user was a member that watched.
  bool leave(UserId user, const std::string& group);
  // The members that watched.
  std::vector<UserId> ungroup(const std::string& group);
  void set_session(UserId user, std::uint64_t version, std::string session);
  void forget(UserId user);

  // The users that have one of the uids, or are in one of the groups; each once, in rising order.
  std::vector<UserId> of_uids(const std::vector<std::string>& uids) const;
  std::vector<UserId> of_groups(const std::vector<std::string>& groups) const;

  // Nothing was ever said of a user without an entry.
  const Entry* find(UserId user) const;
  std::size_t uids() const { return uids_.size(); }
  std::size_t groups() const { return groups_.size(); }

 private:
  using Members = std::unordered_map<std::string, std::set<UserId>>;

  static std::vector<UserId> members_of(const Members& members, const std::vector<std::string>& names);
  static void take_out(Members& members, const std::string& name, UserId user);

  std::unordered_map<UserId, Entry> entries_;
  Members uids_;
  Members groups_;
};

}  // namespace fairlead::gateway
