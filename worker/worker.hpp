// A worker's side of the bus (docs/protocol.md, K1 to K7, L1 to L8). It decides when to connect and say hello, how much
// work to ask for, which event is handled next and what is said about it. It promises: one outcome for each event, in
// order; nothing of a link outlives the link; a drained worker leaves nothing behind.
//
// It does no I/O and reads no clock. The shell hands in what came, calls on_turn() once per turn after that, and does
// the actions in order. Handlers run between next() and on_handled(), for as long as they like; meanwhile the shell
// goes on handing in frames and taking turns.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/link.hpp"
#include "bus/pause.hpp"
#include "bus/random.hpp"
#include "bus/stream.hpp"
#include "bus/time.hpp"
#include "schemas/records.hpp"
#include "worker/actions.hpp"
#include "worker/credit.hpp"
#include "worker/inbox.hpp"
#include "worker/job.hpp"
#include "worker/outcomes.hpp"

namespace fairlead::worker {

struct Config {
  std::string name;
  std::string version;
  std::string app;
  Incarnation incarnation;
  LinkTimes times;
  bool takes_units = true;  // a publisher does not
};

struct Counters {
  std::uint64_t events = 0;           // handled
  std::uint64_t failures = 0;         // of these, failed
  std::uint64_t outcomes_unsent = 0;  // handled, but the unit was cancelled or its link lost
  std::uint64_t stale_frames = 0;
  std::uint64_t bad_frames = 0;
  std::uint64_t unknown_records = 0;
  std::uint64_t postponed = 0;     // handlers that said "again, later"
  std::uint64_t publications = 0;  // committed
  std::uint64_t links = 0;         // that were welcomed
};

class Worker {
 public:
  // Credit is at most 256; a broker that sends many more units than that is not a broker.
  static constexpr std::size_t most_units = 4 * CreditMeter::most;

  Worker(Config config, Random random);

  // A frame that came on the DEALER.
  void on_backend_frame(std::string_view frame, Instant now, Actions& out);
  // A send would block while live, or the DEALER has lost its connection.
  void on_link_broken(std::string why) { link_.on_broken(std::move(why)); }

  // The event to handle now, if there is one. One at a time.
  std::optional<Job> next(Instant now);
  // What has gathered leaves now: before an event that has been tried before, so that if it kills this worker too, the one
  // that is blamed is the one that was being handled (docs/protocol.md, B6).
  void say_what_is_done(Actions& out) { outcomes_.flush(out); }
  // What came of it. A job that was cancelled meanwhile, or whose
  // link ended, is given back like any other; nothing is said about it.
  void on_handled(const Job& job, schemas::Outcome outcome, Duration took, Instant now, Actions& out);

  // Asks the broker's directory (the query's id is set here); exactly one Answered or Unanswered with this id
  // follows, now or later.
  std::uint64_t ask(schemas::Query query, Instant now, Actions& out);
  // Effects that come from no event. They are kept until they are committed, through any number of links, and then
  // Published says so. The Error: too much waits already, or it is too large for a frame.
  static constexpr std::size_t most_publications = 1024;
  static constexpr std::size_t most_publication_bytes = std::size_t{64} << 20U;
  Result<std::uint64_t> publish(std::vector<schemas::Effect> effects, Instant now, Actions& out);
  std::size_t unpublished() const { return publications_.size(); }

  // The handler at work wants more time.
  void progress(Instant now, Actions& out);

  // No more units, please; finished() is true when those that came are done and committed, or the link has ended.
  void drain(Instant now);
  bool finished() const { return stage_ == Stage::finished; }

  // At the end of each turn of the loop: timers, and what has gathered is sent.
  void on_turn(Instant now, Actions& out);
  // When on_turn() wants to be called at the latest.
  Instant next_time() const;

  bool live() const { return link_.live(); }
  LinkId link() const { return link_.id(); }
  const Counters& counters() const { return counters_; }

 private:
  enum class Stage { working, draining, finished };

  void on_record(const schemas::Unknown& record, Instant now, Actions& out);
  void on_record(schemas::Unit record, Instant now, Actions& out);
  void on_record(const schemas::Heartbeat& record, Instant now, Actions& out);
  void on_record(const schemas::Cancel& record, Instant now, Actions& out);
  void on_record(const schemas::Drained& record, Instant now, Actions& out);
  void on_record(schemas::Answer record, Instant now, Actions& out);
  void on_record(const schemas::WorkerWelcome& record, Instant now, Actions& out);
  void on_record(const schemas::Reset& record, Instant now, Actions& out);
  void on_record(const schemas::Complaint& record, Instant now, Actions& out);

  // What progress() is about.
  struct Handling {
    LinkId link;
    UnitId unit;
    std::uint64_t attempt = 0;
  };

  template <class Record>
  void send_control(const Record& record, Actions& out);
  void on_outcomes_committed(Actions& out);
  void say_hello(Actions& out);
  void on_bad_bytes(std::string why);
  void on_link_over(bool was_live, Actions& out);
  void serve(bool heartbeat, Actions& out);
  void finish(bool opened, Actions& out);

  Config config_;
  Link link_;
  PauseDetector pause_;
  Instant last_turn_{};
  Stage stage_ = Stage::working;
  Counters counters_;

  // Of the current link; forgotten with it.
  InStream units_;
  Inbox inbox_;
  Outcomes outcomes_;
  std::uint64_t told_credit_ = 0;
  bool drain_said_ = false;
  bool drained_ = false;
  std::vector<std::uint64_t> asked_;  // queries without an answer

  // Publications that are not committed, and the number that each has on this link, or 0.
  struct Waiting {
    schemas::Publication publication;
    std::size_t bytes = 0;
    std::uint64_t number = 0;
  };
  std::deque<Waiting> publications_;
  std::size_t publication_bytes_ = 0;
  std::uint64_t last_publication_ = 0;

  CreditMeter credit_;
  std::optional<Handling> handling_;
  std::uint64_t last_query_ = 0;
  bool absence_told_ = false;               // that there is no broker: said once until there is one
  std::vector<schemas::ToWorker> records_;  // of the frame at hand
};

}  // namespace fairlead::worker
