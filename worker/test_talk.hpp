// For tests: a worker machine, and a broker that the test plays. The broker speaks records; what the worker does about
// them in a turn is sorted by kind, to be looked at.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "bus/check.hpp"
#include "schemas/codec.hpp"
#include "schemas/frame.hpp"
#include "worker/worker.hpp"

namespace fairlead::worker {

inline const ClientId alice{.gateway = {7}, .counter = 1};

class Talk {
 public:
  Talk() { turn(); }

  // ---- the broker speaks

  template <class... Records>
  void broker_says(const Records&... records) {
    say(0, records...);
  }
  template <class... Records>
  void broker_numbers(const Records&... records) {
    say(sent_ + 1, records...);
    sent_ += sizeof...(records);
  }
  template <class... Records>
  void say(std::uint64_t seq, const Records&... records) {
    schemas::FrameBuilder builder;
    (schemas::append(builder.body(), records), ...);
    worker.on_backend_frame(builder.finish({.link = worker.link(), .seq = seq, .ack = committed}), now, actions);
  }
  void welcome() {
    broker_says(schemas::WorkerWelcome{.incarnation = {5}, .shard = 2});
    turn();
  }

  static schemas::Unit unit(std::uint64_t id, std::uint64_t first = 1, std::size_t events = 1) {
    schemas::Unit unit{.unit = {id}, .attempt = 1, .client = alice, .session_version = 1, .session = "s"};
    for (std::size_t i = 0; i < events; ++i) unit.events.push_back({.seq = first + i, .payload = "m"});
    return unit;
  }

  // ---- the worker is seen

  // Takes a turn and sorts what it asks for.
  void turn(Duration later = 0ms) {
    now += later;
    worker.on_turn(now, actions);
    said.clear(), outcomes.clear(), publications.clear(), confirmations.clear(), published.clear(), did.clear(),
        notes.clear();
    for (const auto& action : std::exchange(actions, {})) std::visit([this](const auto& one) { see(one); }, action);
  }
  void see(const OpenLink& open) { did.emplace_back("open"), link = open.link, sent_ = 0; }
  void see(const CloseLink&) { did.emplace_back("close"); }
  void see(const Note& note) { notes.push_back(note.event); }
  void see(const Answered& answered) { answers.push_back(answered.answer.id); }
  void see(const Published& confirmed) { confirmations.push_back(confirmed.id); }
  void see(const Unanswered& unanswered) { unanswers.push_back(unanswered.id); }
  void see(const SendControl& send) {
    auto opened = schemas::open_frame(send.frame).value();
    FAIRLEAD_CHECK((opened.header == schemas::Header{.link = link}), "no number on DEALER");
    while (!opened.records.at_end()) said.push_back(schemas::decode_from_worker(opened.records));
    FAIRLEAD_CHECK(opened.records.ok(), "readable records");
  }
  void see(const Publish& publish) {
    FAIRLEAD_CHECK(publish.frame.substr(0, schemas::topic_bytes) == schemas::outcomes_topic(link),
                   "the topic of its link");
    auto opened = schemas::open_frame(std::string_view(publish.frame).substr(schemas::topic_bytes)).value();
    FAIRLEAD_CHECK(opened.header.link == link, "a frame of its link");
    std::uint64_t number = opened.header.seq;
    while (!opened.records.at_end()) {
      published.push_back(schemas::decode_from_worker(opened.records));
      if (const auto* outcome = std::get_if<schemas::Outcome>(&published.back()))
        outcomes.emplace_back(number, *outcome);
      if (const auto* publication = std::get_if<schemas::Publication>(&published.back()))
        publications.emplace_back(number, publication->id);
      ++number;
    }
    FAIRLEAD_CHECK(opened.records.ok(), "readable records");
  }
  template <class Record>
  int times_said() const {
    return static_cast<int>(
        std::count_if(said.begin(), said.end(), [](const auto& r) { return std::holds_alternative<Record>(r); }));
  }
  template <class Record>
  Record only() const {
    FAIRLEAD_CHECK(times_said<Record>() == 1, "said once, in the last turn");
    for (const auto& record : said) {
      if (const auto* found = std::get_if<Record>(&record)) return *found;
    }
    return {};
  }
  std::vector<std::uint64_t> outcome_seqs() const {
    std::vector<std::uint64_t> seqs;
    for (const auto& [number, outcome] : outcomes) seqs.push_back(outcome.seq);
    return seqs;
  }

  // ---- its handler

  void done(const Job& job, std::vector<schemas::Effect> effects = {}, Duration took = 100us) {
    worker.on_handled(job, outcome_of(job, schemas::Verdict::done, std::move(effects)), took, now, actions);
  }
  void postponed(const Job& job) {
    worker.on_handled(job, outcome_of(job, schemas::Verdict::again), 100us, now, actions);
  }
  void failed(const Job& job) {
    worker.on_handled(job, outcome_of(job, schemas::Verdict::failed, {}, "no"), 100us, now, actions);
  }
  static schemas::Outcome outcome_of(const Job& job, schemas::Verdict verdict,
                                     std::vector<schemas::Effect> effects = {}, std::string error = {}) {
    return {.unit = job.unit,
            .attempt = job.attempt,
            .seq = job.event.seq,
            .verdict = verdict,
            .effects = std::move(effects),
            .error = std::move(error)};
  }
  // Handles everything that is there, and tells the events' numbers.
  std::vector<std::uint64_t> handle_all() {
    std::vector<std::uint64_t> seqs;
    while (auto job = worker.next(now)) seqs.push_back(job->event.seq), done(*job);
    return seqs;
  }

  Instant now{1000s};
  Actions actions;
  Worker worker{{.name = "w", .version = "1.2", .app = "chat", .incarnation = {9}}, Random{1}};
  LinkId link;
  std::uint64_t committed = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> publications;  // number and id
  std::vector<std::uint64_t> confirmations;
  std::vector<schemas::ToBrokerFromWorker> said;       // on DEALER in the last turn
  std::vector<schemas::ToBrokerFromWorker> published;  // on PUB
  std::vector<std::pair<std::uint64_t, schemas::Outcome>> outcomes;
  std::vector<std::string> did, notes;
  std::vector<std::uint64_t> answers, unanswers;

 private:
  std::uint64_t sent_ = 0;
};

}  // namespace fairlead::worker
