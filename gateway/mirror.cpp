#include "gateway/mirror.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::gateway {

void Mirror::bind(UserId user, const std::optional<std::string>& uid) {
  Entry& entry = entries_[user];
  if (entry.uid) take_out(uids_, *entry.uid, user);
  entry.uid = uid;
  if (uid) uids_[*uid].insert(user);
}

bool Mirror::join(UserId user, const std::string& group, bool watch) {
  const auto [at, fresh] = entries_[user].groups.try_emplace(group, watch);
  at->second = at->second || watch;
  groups_[group].insert(user);
  return fresh;
}

bool Mirror::leave(UserId user, const std::string& group) {
  const auto entry = entries_.find(user);
  if (entry == entries_.end()) return false;
  const auto at = entry->second.groups.find(group);
  if (at == entry->second.groups.end()) return false;
  const bool watched = at->second;
  entry->second.groups.erase(at);
  take_out(groups_, group, user);
  return watched;
}

std::vector<UserId> Mirror::ungroup(const std::string& group) {
  std::vector<UserId> watchers;
  const auto members = groups_.find(group);
  if (members == groups_.end()) return watchers;
  for (const UserId user : members->second) {
    const auto left = entries_[user].groups.extract(group);
    if (left.mapped()) watchers.push_back(user);
  }
  groups_.erase(members);
  return watchers;
}

void Mirror::set_session(UserId user, std::uint64_t version, std::string session) {
  Entry& entry = entries_[user];
  entry.session_version = version;
  entry.session = std::move(session);
}

void Mirror::forget(UserId user) {
  const auto at = entries_.find(user);
  if (at == entries_.end()) return;
  const Entry& entry = at->second;
  if (entry.uid) take_out(uids_, *entry.uid, user);
  for (const auto& [group, watch] : entry.groups) take_out(groups_, group, user);
  entries_.erase(at);
}

std::vector<UserId> Mirror::of_uids(const std::vector<std::string>& uids) const { return members_of(uids_, uids); }

std::vector<UserId> Mirror::of_groups(const std::vector<std::string>& groups) const {
  return members_of(groups_, groups);
}

const Mirror::Entry* Mirror::find(UserId user) const {
  const auto at = entries_.find(user);
  return at == entries_.end() ? nullptr : &at->second;
}

std::vector<UserId> Mirror::members_of(const Members& members, const std::vector<std::string>& names) {
  std::vector<UserId> users;
  for (const auto& name : names) {
    if (const auto at = members.find(name); at != members.end()) {
      users.insert(users.end(), at->second.begin(), at->second.end());
    }
  }
  if (names.size() > 1) {
    std::sort(users.begin(), users.end());
    users.erase(std::unique(users.begin(), users.end()), users.end());
  }
  return users;
}

void Mirror::take_out(Members& members, const std::string& name, UserId user) {
  const auto at = members.find(name);
  if (at == members.end()) return;
  at->second.erase(user);
  if (at->second.empty()) members.erase(at);
}

}  // namespace fairlead::gateway
