// A worker for tests whose users tell it what to call, one command a message; what it learns goes back to them as text.
//
//   id                        its own client id
//   bind UID · set TEXT · session
//   join GROUP · watch GROUP · leave GROUP · ungroup GROUP
//   count                     adds one to its own session
//   share ID                  adds one to that client's session, with update_session; answers "shared"
//   twice ID                  likewise two, one after another
//   after MS NAME TEXT        sets a timer; answers with the name of the worker that did
//   cancel NAME
//   later MS KEY N            asks to be called again after MS, until it was called N times (counted in the store)
//   all TEXT · group GROUP TEXT · uid UID TEXT
//   fail                      throws
//   anything else             comes back
//
// Timers and group changes are told to their client; the end of a client to the group "mourners".
#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "fairlead/worker.hpp"

namespace {

using fairlead::ClientId;
using fairlead::Context;
using std::chrono::milliseconds;

// One command, taken apart from the left.
class Words {
 public:
  explicit Words(std::string_view line) : line_(line) {}

  std::string next() {
    const std::size_t end = std::min(line_.find(' '), line_.size());
    std::string word(line_.substr(0, end));
    line_.remove_prefix(std::min(end + 1, line_.size()));
    return word;
  }
  std::string rest() { return std::string(std::exchange(line_, {})); }

 private:
  std::string_view line_;
};

std::string plus_one(std::string_view number) {
  return std::to_string(number.empty() ? 1 : std::stoull(std::string(number)) + 1);
}

class ApiWorker : public fairlead::Handler {
 public:
  void on_start(fairlead::WorkerInfo& info) override { name_ = info.name; }

  void on_message(Context& ctx, std::string_view message) override {
    Words words(message);
    const std::string command = words.next();
    if (on_client(ctx, command, words) || on_bus(ctx, command, words)) return;
    if (command == "fail") throw std::runtime_error("as was asked for");
    ctx.reply(message);
  }

  void on_timer(Context& ctx, std::string_view name, std::string_view payload) override {
    ctx.reply_text("timer " + std::string(name) + " " + std::string(payload));
  }

  void on_group(Context& ctx, const fairlead::GroupChange& change) override {
    ctx.reply_text((change.joined ? "joined " : "left ") + change.group + " " + std::to_string(change.size));
  }

  void on_close(Context& ctx, const fairlead::CloseReason& reason) override {
    std::string told = "gone uid=" + ctx.uid().value_or("-") + " session=" + std::string(ctx.session()) +
                       " code=" + std::to_string(reason.code) + " groups=";
    auto groups = ctx.groups();
    std::sort(groups.begin(), groups.end());
    for (const auto& group : groups) told += group + ",";
    ctx.send_to_group("mourners", told);
  }

 private:
  // What is about the client itself.
  bool on_client(Context& ctx, const std::string& command, Words& words) {
    if (command == "id") {
      ctx.reply(ctx.client().text());
    } else if (command == "bind") {
      ctx.bind_uid(words.next());
    } else if (command == "set") {
      ctx.set_session(words.rest());
    } else if (command == "session") {
      ctx.reply("session " + std::string(ctx.session()));
    } else if (command == "count") {
      ctx.set_session(plus_one(ctx.session()));
    } else if (command == "join") {
      ctx.join_group(words.next());
    } else if (command == "watch") {
      ctx.join_group(words.next(), {.watch = true});
    } else if (command == "leave") {
      ctx.leave_group(words.next());
    } else if (command == "cancel") {
      ctx.cancel_timer(words.next());
    } else if (command == "after") {
      const milliseconds time{std::stoll(words.next())};
      const std::string name = words.next();
      ctx.after(time, name, words.rest());
      ctx.reply("set by " + name_);
    } else {
      return false;
    }
    return true;
  }

  // What is about others.
  bool on_bus(Context& ctx, const std::string& command, Words& words) {
    if (command == "share" || command == "twice") {
      const ClientId whose = *ClientId::parse(words.next());
      if (command == "twice") share(ctx, whose);
      ctx.reply(share(ctx, whose) ? "shared" : "not there");
    } else if (command == "later") {
      const milliseconds time{std::stoll(words.next())};
      const std::string key = words.next();
      const auto called = ctx.store().incr(key);
      if (!called) throw std::runtime_error(called.error().message);
      if (*called < std::stoll(words.next())) ctx.retry_after(time);
      ctx.reply("called " + std::to_string(*called) + " attempt " + std::to_string(ctx.attempt()));
    } else if (command == "ungroup") {
      ctx.ungroup(words.next());
    } else if (command == "all") {
      ctx.send_to_all(words.rest());
    } else if (command == "group") {
      const std::string group = words.next();
      ctx.send_to_group(group, words.rest());
    } else if (command == "uid") {
      const std::string uid = words.next();
      ctx.send_to_uid(uid, words.rest());
    } else {
      return false;
    }
    return true;
  }

  static bool share(Context& ctx, ClientId whose) {
    const auto done = ctx.update_session(whose, plus_one);
    if (!done) throw std::runtime_error(done.error().message);
    return *done;
  }

  std::string name_;
};

}  // namespace

int main(int argc, char** argv) { return fairlead::run_worker<ApiWorker>(argc, argv); }
