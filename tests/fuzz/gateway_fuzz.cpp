// The gateway between users and a broker that do as the input says. It never trips over its own checks, what it sends can be read and
// is numbered without a hole, it speaks only of users who are there, and it keeps no more than it was given.
#include <map>
#include <set>
#include <string>

#include "gateway/gateway.hpp"
#include "tests/fuzz/making.hpp"

namespace {

using namespace fairlead;           // NOLINT(google-build-using-namespace)
using namespace fairlead::gateway;  // NOLINT(google-build-using-namespace)

class Door {
 public:
  explicit Door(fuzz::Input input) : input_(input), given_(input.rest().size()) {}

  void run() {
    while (!input_.empty() && !gateway_.finished() && steps_++ < 600) step();
    turn(0ms);
    if (gateway_.finished()) return;
    if (!stopping_) gateway_.on_stop(now_, actions_);
    for (int i = 0; i < 80 && !gateway_.finished(); ++i) turn(1s);
    FUZZ_DEMAND(gateway_.finished(), "it stops in the end");
  }

 private:
  enum class User { open, closing };

  void step() {
    switch (input_.byte() % 12) {
      case 0:
        if (stopping_) return;
        ++last_user_;
        users_[last_user_] = User::open;
        gateway_.on_user_opened({last_user_}, {.peer = "192.0.2.1:5", .listener = std::string(input_.text())}, now_,
                                actions_);
        break;
      case 1:
      case 2: {
        const std::uint64_t user = some_user();
        if (user == 0 || !gateway_.accepts({user})) break;
        const std::string_view text = input_.text();
        if (!gateway_.on_user_message({user}, text, text.size() % 2 == 0, now_, actions_)) break;
        break;
      }
      case 3: {
        const std::uint64_t user = some_user();
        if (user == 0) break;
        users_.erase(user);
        gateway_.on_user_closed({user}, {.code = 1000, .reason = "left"}, now_, actions_);
        break;
      }
      case 4:
        welcome();
        break;
      case 5:
        turn(std::chrono::milliseconds(input_.below(5000)));
        break;
      case 6:
        gateway_.on_frontend_frame(fuzz::make_raw_frame(link_, 0, 0, input_.block()), now_, actions_);
        break;
      case 7: {
        const std::uint64_t number = number_of();
        const std::string frame = fuzz::make_raw_frame(link_, number, 0, input_.block());
        gateway_.on_delivery_frame(schemas::deliveries_topic(link_) + frame, now_, actions_);
        break;
      }
      case 8:
        deliver();
        break;
      case 9: {
        const std::string_view bytes = input_.block();
        if (bytes.size() % 2 == 0) gateway_.on_frontend_frame(bytes, now_, actions_);
        if (bytes.size() % 2 == 1) gateway_.on_delivery_frame(bytes, now_, actions_);
        break;
      }
      case 10:
        if (input_.byte() % 2 == 0) gateway_.on_link_broken("the input broke it");
        break;
      default:
        if (input_.byte() % 8 != 0 || stopping_) return turn(0ms);
        stopping_ = true;
        gateway_.on_stop(now_, actions_);
    }
    act();
  }

  std::uint64_t some_user() {
    if (users_.empty()) return 0;
    auto at = users_.lower_bound(1 + input_.byte() % (last_user_ + 1));
    return at == users_.end() ? users_.begin()->first : at->first;
  }
  std::uint64_t number_of() {
    const unsigned how = input_.byte();
    return how < 192 ? delivered_ + 1 : how % 16;
  }

  void welcome() {
    const unsigned how = input_.byte();
    const schemas::GatewayWelcome record{.incarnation = {9},
                                         .lineage = {how < 224 ? 7U : how},
                                         .shard = 0,
                                         .next = how % 16 == 7 ? how : delivered_ + 1};
    gateway_.on_frontend_frame(fuzz::make_frame(link_, 0, 0, record), now_, actions_);
  }

  // What follows from a commit of some client.
  void deliver() {
    const ClientId client{.gateway = incarnation, .counter = 1 + input_.byte() % (last_user_ + 1)};
    const auto number = [&](const auto& record) {
      const std::uint64_t seq = number_of();
      if (seq == delivered_ + 1) ++delivered_;
      gateway_.on_delivery_frame(schemas::deliveries_topic(link_) + fuzz::make_frame(link_, seq, 0, record), now_,
                                 actions_);
    };
    switch (input_.byte() % 11) {
      case 0:
        return number(schemas::Bound{client, fuzz::make_name(input_)});
      case 1:
        return number(schemas::Joined{
            .client = client, .group = fuzz::make_name(input_), .watch = input_.byte() % 2 == 1, .size = 1});
      case 2:
        return number(schemas::Left{.client = client, .group = fuzz::make_name(input_)});
      case 3:
        return number(schemas::Ungrouped{fuzz::make_name(input_)});
      case 4:
        return number(
            schemas::SessionSet{.client = client, .version = input_.byte(), .session = std::string(input_.text())});
      case 5:
        return number(
            schemas::Close{.client = client, .now = input_.byte() % 2 == 1, .last = std::string(input_.text())});
      case 6:
        return number(schemas::Timer{.client = client, .name = fuzz::make_name(input_), .after = input_.below(3000)});
      case 7:
        return number(schemas::Replay{.client = client, .payload = std::string(input_.text())});
      case 8:
        return gateway_.on_frontend_frame(
            fuzz::make_frame(link_, 0, 0, schemas::Refused{.client = client, .reason = "not known here"}), now_,
            actions_);
      case 9: {
        schemas::Deliver record{
            .send = {.scope = static_cast<schemas::Scope>(input_.byte() % 4), .payload = std::string(input_.text())}};
        if (record.send.scope == schemas::Scope::clients) record.send.clients = {client};
        if (record.send.scope == schemas::Scope::uids || record.send.scope == schemas::Scope::groups)
          record.send.names = {fuzz::make_name(input_), fuzz::make_name(input_)};
        return number(record);
      }
      default:
        return number(schemas::Committed{.client = client, .seq = input_.byte() % 16U});
    }
  }

  void turn(Duration later) {
    now_ += later;
    gateway_.on_turn(now_, actions_);
    act();
    FUZZ_DEMAND(gateway_.uplink().bytes() <= 64 * given_ + 4096 * (1 + last_user_),
                "it keeps no more than it was given");
    FUZZ_DEMAND(gateway_.clients() <= last_user_, "it has no more clients than came");
  }

  void act() {
    Actions actions;
    actions.swap(actions_);
    for (const Action& action : actions) std::visit([this](const auto& one) { see(one); }, action);
  }
  void is_here(UserId user) { FUZZ_DEMAND(users_.contains(user.value), "it speaks of users who are there"); }
  void see(const ToUsers& message) {
    std::set<std::uint64_t> seen;
    for (const UserId user : message.users) FUZZ_DEMAND(seen.insert(user.value).second, "each user once");
    FUZZ_DEMAND(message.payload != nullptr, "a message has a payload");
  }
  void see(const PauseUser& pause) { is_here(pause.user); }
  void see(const ResumeUser&) {}
  void see(const CloseUser& close) {
    is_here(close.user);
    FUZZ_DEMAND(users_[close.user.value] == User::open, "a user is closed once");
    users_[close.user.value] = User::closing;
  }
  void see(const PauseAll&) {}
  void see(const ResumeAll&) {}
  void see(const OpenLink& open) { link_ = open.link, up_ = 0; }
  void see(const CloseLink&) {}
  void see(const Note&) {}
  void see(const SendUp& send) {
    auto frame = schemas::open_frame(send.frame);
    FUZZ_DEMAND(frame && frame->header.link == link_, "a frame of its link");
    std::uint64_t number = frame->header.seq;
    while (!frame->records.at_end()) {
      (void)schemas::decode_from_gateway(frame->records);
      FUZZ_DEMAND(frame->records.ok(), "a record can be read");
      if (number > 0) FUZZ_DEMAND(number++ == ++up_, "numbers have no hole");
    }
  }

  static constexpr Incarnation incarnation{0x60};

  fuzz::Input input_;
  std::size_t given_;
  Gateway gateway_{{.name = "g",
                    .incarnation = incarnation,
                    .limits = {.events_per_client = 4, .events = 32, .bytes = 8192},
                    .drain = 10s},
                   Random(1)};
  Actions actions_;
  Instant now_{1000s};
  LinkId link_;
  std::map<std::uint64_t, User> users_;
  std::uint64_t last_user_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t up_ = 0;
  bool stopping_ = false;
  int steps_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Door(fuzz::Input(data, size)).run();
  return 0;
}
