// Publisher says things on the bus from any process: a web server, a cron job, a test. It has the calls of a handler's
// Context, but for the event:
//
//   fairlead::Publisher publisher({.broker = "tcp://127.0.0.1:7700"});
//   auto told = publisher.publish([](fairlead::Bus& bus) { bus.send_to_group("news", "hello"); });
//   if (!told) std::cerr << told.error().message << '\n';
//
// It promises: what one publish() asks for happens together, once, and in the order of the publish() calls of one
// thread, also when the broker dies in between.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "fairlead/bus.hpp"

namespace fairlead {

class Publisher {
 public:
  struct Options {
    std::string broker = "tcp://127.0.0.1:7700";
    std::string name{};                         // what people and logs call it; host and process id when empty
    std::chrono::milliseconds patience{5'000};  // of publish(), of each query, and of the destructor
    std::string store = "memory:";              // what Bus::store() is, as of open_store()
    std::string key{};         // files, when the bus has keys: its own secret one, a worker's among the broker's peers,
    std::string broker_key{};  // and the broker's public one
  };

  // Connects in the background, and again whenever it must. Throws std::invalid_argument for an address, a store or keys that
  // make no sense; that no broker is there is no reason.
  explicit Publisher(Options options);
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;
  // Waits for what is not confirmed yet, as long as its patience lasts.
  ~Publisher();

  // From any thread. Calls `say` at once, and waits until what it has asked for is committed. Queries are answered
  // inside; a `say` that only asks publishes nothing. What `say` throws comes out.
  //
  // An Error that says "not confirmed" means: it will happen as soon as a broker is there, if this process still is.
  // Any other Error: nothing happens. At most 1,024 publications of 64 MiB together wait for a broker.
  Status publish(const std::function<void(Bus&)>& say);

 private:
  struct Line;
  std::unique_ptr<Line> line_;
};

}  // namespace fairlead
