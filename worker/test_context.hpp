// A context to test with, and Queries that answer from a list and remember what they were asked.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "fairlead/store.hpp"

#include "store/memory_store.hpp"
#include "worker/context.hpp"

namespace fairlead::worker {

class ScriptedQueries final : public Queries {
 public:
  Result<schemas::Answer> ask(schemas::Query query) override {
    asked.push_back(std::move(query));
    if (answers.empty()) return Error{"no answer"};
    auto answer = answers.front();
    answers.pop_front();
    return answer;
  }
  void progress() override { ++progressed; }

  std::deque<schemas::Answer> answers;
  std::vector<schemas::Query> asked;
  int progressed = 0;
};

struct TestContext {
  static constexpr ClientId me{.shard = 0, .gateway = {1}, .counter = 1};

  explicit TestContext(schemas::UnitEvent given = {.seq = 2, .payload = "hi"}) : event(std::move(given)) {}

  schemas::UnitEvent event;
  schemas::Unit unit{.unit = {9}, .attempt = 2, .client = me, .gateway = "g1", .peer = "192.0.2.7:5123"};
  OwnClient own{.id = me};
  ScriptedQueries queries;
  store::MemoryStore store{[] { return WallTime{}; }};
  EventContext::Around around{.unit = unit, .event = event, .own = own, .queries = queries, .store = store};
  EventContext events{around};
  Context& ctx = events;
};

}  // namespace fairlead::worker
