// The worker between a handler and a broker that do as the input says. It never trips over its own checks, what it sends can be read
// and is numbered without a hole, and it gives out one event at a time.
#include <optional>
#include <set>
#include <string>

#include "tests/fuzz/making.hpp"
#include "worker/worker.hpp"

namespace {

using namespace fairlead;          // NOLINT(google-build-using-namespace)
using namespace fairlead::worker;  // NOLINT(google-build-using-namespace)

class Desk {
 public:
  explicit Desk(fuzz::Input input) : input_(input) {}

  void run() {
    while (!input_.empty() && !worker_.finished() && steps_++ < 600) step();
    turn(0ms);
    FUZZ_DEMAND(worker_.unpublished() <= Worker::most_publications, "no more publications wait than may");
  }

 private:
  void step() {
    switch (input_.byte() % 12) {
      case 0:
        worker_.on_backend_frame(fuzz::make_frame(link_, 0, 0, schemas::WorkerWelcome{.incarnation = {5}, .shard = 3}),
                                 now_, actions_);
        break;
      case 1:
      case 2:
        unit();
        break;
      case 3:
      case 4:
        handle();
        break;
      case 5:
        return turn(std::chrono::milliseconds(input_.below(5000)));
      case 6: {
        const std::uint64_t number = number_of();
        worker_.on_backend_frame(fuzz::make_raw_frame(link_, number, input_.byte(), input_.block()), now_, actions_);
        break;
      }
      case 7:
        worker_.on_backend_frame(input_.block(), now_, actions_);
        break;
      case 8:
        control();
        break;
      case 9:
        asked_.insert(worker_.ask({.ask = schemas::Ask::count_clients}, now_, actions_));
        break;
      case 10:
        (void)worker_.publish(fuzz::make_effects(input_), now_, actions_);
        break;
      default:
        return turn(0ms);
    }
    act();
  }

  std::uint64_t number_of() {
    const unsigned how = input_.byte();
    if (how < 192) return ++numbered_;
    return how % 16;
  }

  void unit() {
    const unsigned how = input_.byte();
    schemas::Unit unit{
        .unit = {1U + how % 16U}, .attempt = 1 + how / 128U, .client = fuzz::make_client(input_), .gateway = "g"};
    if (how % 8 == 1) unit.uid = fuzz::make_name(input_);
    for (std::uint64_t i = 0; i < how / 16 % 4; ++i)
      unit.events.push_back({.seq = 1 + i, .payload = std::string(input_.text())});
    worker_.on_backend_frame(fuzz::make_frame(link_, number_of(), published_, unit), now_, actions_);
  }

  void handle() {
    if (!job_) {
      job_ = worker_.next(now_);
      if (job_) FUZZ_DEMAND(!worker_.next(now_), "one event at a time");
      if (job_ && input_.byte() % 2 == 0) return;
    }
    if (!job_) return;
    const unsigned how = input_.byte();
    if (how % 8 == 1) return worker_.progress(now_, actions_);
    schemas::Outcome outcome{.unit = job_->unit, .attempt = job_->attempt, .seq = job_->event.seq};
    if (how % 8 == 2) outcome.verdict = schemas::Verdict::failed;
    if (how % 8 == 3) outcome.verdict = schemas::Verdict::again;
    if (outcome.verdict == schemas::Verdict::done) outcome.effects = fuzz::make_effects(input_);
    worker_.on_handled(*job_, std::move(outcome), std::chrono::milliseconds(how), now_, actions_);
    job_.reset();
  }

  void control() {
    const unsigned how = input_.byte();
    const auto say = [&](const auto& record) {
      worker_.on_backend_frame(fuzz::make_frame(link_, 0, how % 16 < 8 ? published_ : how, record), now_, actions_);
    };
    switch (how % 8) {
      case 0:
        return say(schemas::Heartbeat{.head = how < 128 ? numbered_ : how});
      case 1:
        return say(schemas::Cancel{.unit = {1U + how / 16}, .attempt = 1});
      case 2:
        return say(schemas::Reset{"the input says so"});
      case 3:
        return say(schemas::Answer{.id = how / 8U, .complete = true, .items = {fuzz::make_name(input_)}});
      case 4:
        return say(schemas::Drained{});
      case 5:
        if (how > 200) worker_.drain(now_);
        return;
      case 6:
        if (how > 128) worker_.on_link_broken("the input broke it");
        return;
      default:
        return worker_.say_what_is_done(actions_);
    }
  }

  void turn(Duration later) {
    now_ += later;
    worker_.on_turn(now_, actions_);
    act();
  }
  void act() {
    Actions actions;
    actions.swap(actions_);
    for (const Action& action : actions) std::visit([this](const auto& one) { see(one); }, action);
  }
  void see(const OpenLink& open) { link_ = open.link, published_ = numbered_ = 0; }
  void see(const CloseLink&) {}
  void see(const Note&) {}
  void see(const Published&) {}
  void see(const Answered& answered) {
    FUZZ_DEMAND(asked_.erase(answered.answer.id) == 1, "each question is answered once");
  }
  void see(const Unanswered& unanswered) {
    FUZZ_DEMAND(asked_.erase(unanswered.id) == 1, "each question is answered once");
  }
  void see(const SendControl& send) { read(send.frame, false); }
  void see(const Publish& publish) {
    FUZZ_DEMAND(publish.frame.starts_with(schemas::outcomes_topic(link_)), "the topic of its link");
    read(std::string_view(publish.frame).substr(schemas::topic_bytes), true);
  }
  void read(std::string_view bytes, bool numbered) {
    auto frame = schemas::open_frame(bytes);
    FUZZ_DEMAND(frame && frame->header.link == link_, "a frame of its link");
    std::uint64_t number = frame->header.seq;
    while (!frame->records.at_end()) {
      (void)schemas::decode_from_worker(frame->records);
      FUZZ_DEMAND(frame->records.ok(), "a record can be read");
      if (numbered && number > 0) FUZZ_DEMAND(number++ == ++published_, "numbers have no hole");
    }
  }

  fuzz::Input input_;
  Worker worker_{{.name = "w", .version = "1", .app = "a", .incarnation = {9}}, Random(1)};
  Actions actions_;
  Instant now_{1000s};
  LinkId link_;
  std::optional<Job> job_;
  std::set<std::uint64_t> asked_;
  std::uint64_t numbered_ = 0;   // of the broker's stream
  std::uint64_t published_ = 0;  // of the worker's
  int steps_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Desk(fuzz::Input(data, size)).run();
  return 0;
}
