// Handler is business code: derive from it, override what you care for. Promises to it: events of one client come one
// after another, in the order in which its gateway read them, `on_open` first and `on_close` exactly once and last;
// other clients' events run elsewhere at the same time. An event can come again, here or elsewhere, if its worker died
// before the outcome was committed: of its attempts one takes effect. What a handler does outside of the bus it must be
// able to do twice.
//
// Every thread of a worker has a Handler of its own, so members need no locks, and hold nothing that another worker
// should know: that belongs into the session, the store or a group.
//
// An exception that leaves a handler throws the outcome away and is reported with its text; the event is tried again.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "fairlead/context.hpp"
#include "fairlead/store.hpp"
#include "fairlead/types.hpp"

namespace fairlead {

struct WorkerInfo {
  std::string name;     // --name
  unsigned worker = 0;  // 0 … --workers − 1; while one is replaced, two have the same number
  unsigned thread = 0;  // 0 … --threads − 1
  Store& store;
  // Calls `tick` every `interval` between events, on the handler's own thread, from the start until the worker stops. What
  // it asks for is published, all together. Each thread of each worker ticks for itself; what it throws is reported.
  std::function<void(std::chrono::milliseconds interval, std::function<void(Bus&)> tick)> every;
};

enum class StopReason {
  asked,     // SIGTERM, SIGINT, Worker::stop()
  replaced,  // a reload: new code has taken over already
  failed,    // another thread of the process could not go on
};

class Handler {
 public:
  Handler() = default;
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  virtual ~Handler() = default;

  // Before the first event. An exception from here ends the worker: exit status 1 and its text.
  virtual void on_start(WorkerInfo&) {}
  virtual void on_open(Context&, const Handshake&) {}
  virtual void on_message(Context&, std::string_view message) = 0;
  // A timer of the client has come due (Bus::set_timer).
  virtual void on_timer(Context&, std::string_view name, std::string_view payload) {
    static_cast<void>(name), static_cast<void>(payload);
  }
  // The client was joined to, or has left, a group that it watches (JoinOptions), whoever made it so.
  virtual void on_group(Context&, const GroupChange&) {}
  // Also when the gateway died. Session, uid and groups are still there to read.
  virtual void on_close(Context&, const CloseReason&) {}
  // After the last event of a worker that stops in good order. An exception from here makes its exit status 1.
  virtual void on_stop(StopReason) {}
};

using MakeHandler = std::function<std::unique_ptr<Handler>()>;

}  // namespace fairlead
