#include "tests/scenarios/worker_stage.hpp"

#include <stdexcept>

#include "bus/text.hpp"
#include "tests/scenarios/words.hpp"

namespace fairlead::scenarios {
namespace {

// What the worker said on DEALER, in words.
struct Say {
  std::string operator()(const schemas::WorkerHello&) const { return "hello"; }
  std::string operator()(const schemas::Credit& credit) const { return "credit " + std::to_string(credit.units); }
  std::string operator()(const schemas::Heartbeat& beat) const { return "heartbeat " + std::to_string(beat.head); }
  std::string operator()(const schemas::Drain&) const { return "drain"; }
  std::string operator()(const schemas::Bye&) const { return "bye"; }
  std::string operator()(const schemas::Progress&) const { return "progress"; }
  std::string operator()(const schemas::Complaint& complaint) const { return "complaint " + complaint.reason; }
  std::string operator()(const auto&) const { return "something"; }
};

}  // namespace

std::vector<std::string> WorkerStage::play(const std::vector<std::string>& inputs) {
  said_.clear();
  for (const auto& line : inputs) input(line);
  turn(0ms);
  return said_;
}

// Takes a turn and tells what the worker did in it.
void WorkerStage::turn(Duration later) {
  talk_.turn(later);
  for (const auto& what : talk_.did) {
    said_.push_back(what);
    if (what == "open") numbered_ = 0;
  }
  for (const auto& record : talk_.said) said_.push_back(std::visit(Say{}, record));
  for (const auto& [at, outcome] : talk_.outcomes) {
    said_.push_back("outcome #" + std::to_string(at) + " of unit " + std::to_string(outcome.unit.value) + ": event " +
                    std::to_string(outcome.seq) + " " +
                    (outcome.verdict == schemas::Verdict::done ? "done" : "failed, " + outcome.error));
  }
}

template <class Record>
void WorkerStage::number(const Record& record) {
  talk_.say(++numbered_, record);
}

worker::Job WorkerStage::next() {
  auto job = talk_.worker.next(talk_.now);
  if (!job) throw std::runtime_error("there is nothing to handle");
  said_.push_back("handles event " + std::to_string(job->event.seq) + " of unit " + std::to_string(job->unit.value) +
                  " with session '" + job->session + "'");
  return *job;
}

void WorkerStage::handle(std::size_t events, Duration each) {
  for (std::size_t done = 0; done < events; ++done) {
    auto job = talk_.worker.next(talk_.now);
    if (!job) return;
    said_.push_back("handles event " + std::to_string(job->event.seq) + " of unit " + std::to_string(job->unit.value));
    talk_.now += each;
    talk_.done(*job, {}, each);
  }
}

void WorkerStage::input(const std::string& line) {
  const auto words = words_of(line);
  const std::string& verb = words.at(0);
  const auto argument = [&](std::size_t otherwise) { return words.size() > 1 ? std::stoull(words[1]) : otherwise; };
  if (verb == "welcome") {
    talk_.broker_says(schemas::WorkerWelcome{.incarnation = {5}});
  } else if (verb == "unit") {
    numbered_ += std::stoull(option(words, "skip", "0"));
    number(worker::Talk::unit(argument(0), std::stoull(option(words, "first", "1")),
                              std::stoull(option(words, "events", "1"))));
  } else if (verb == "cancel") {
    number(schemas::Cancel{.unit = {argument(0)}, .attempt = 1});
  } else if (verb == "drained") {
    number(schemas::Drained{});
  } else if (verb == "reset") {
    talk_.broker_says(schemas::Reset{"start over"});
  } else if (verb == "handle") {
    handle(argument(1000), 100us);
  } else if (verb == "handle-slowly") {
    handle(argument(1000), 50ms);
  } else if (verb == "session") {
    const auto job = next();
    talk_.done(job, {schemas::SetSession{.client = job.client, .session = words.at(1)}});
  } else if (verb == "fail") {
    talk_.failed(next());
  } else if (verb == "commit") {
    talk_.committed = argument(0);
    talk_.broker_says(schemas::Heartbeat{.head = numbered_});
  } else if (verb == "drain") {
    talk_.worker.drain(talk_.now);
  } else if (verb == "break") {
    talk_.worker.on_link_broken("the test broke it");
  } else if (verb == "wait") {
    for (Duration gone{}; gone < parse_duration(words.at(1)).value(); gone += 50ms) turn(50ms);
  } else {
    throw std::runtime_error("no such input: " + line);
  }
}

}  // namespace fairlead::scenarios
