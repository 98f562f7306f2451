// Everything a worker program needs:
//
//   struct Echo : fairlead::Handler {
//     void on_message(fairlead::Context& ctx, std::string_view message) override { ctx.reply(message); }
//   };
//   int main(int argc, char** argv) { return fairlead::run_worker<Echo>(argc, argv); }
//
#pragma once

#include <memory>
#include <string>

#include "fairlead/context.hpp"
#include "fairlead/handler.hpp"
#include "fairlead/store.hpp"
#include "fairlead/types.hpp"

namespace fairlead {

// A worker as part of a program that has a life of its own. run_worker() below does it all, signals and flags included.
class Worker {
 public:
  struct Options {
    std::string broker = "tcp://127.0.0.1:7700";
    std::string name{};     // what people and logs call it; host and process id when empty
    std::string app{};      // what it serves, for people to see
    std::string version{};  // likewise
    unsigned threads = 1;
    std::string store = "memory:";  // as of open_store()
    std::string key{};              // files, when the bus has keys: its own secret one,
    std::string broker_key{};       // and the broker's public one
  };

  Worker(Options options, MakeHandler make_handler);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  // Serves until stop(), finishes what it has been given, and returns. An Error when it could not start.
  Status run();
  // From any thread, or from a signal handler.
  void stop();

 private:
  struct Running;
  std::unique_ptr<Running> running_;
};

// The whole program: flags, environment and configuration file, logging, SIGTERM, exit status.
int run_worker(int argc, char** argv, MakeHandler make_handler);

template <class H>
int run_worker(int argc, char** argv) {
  return run_worker(argc, argv, [] { return std::make_unique<H>(); });
}

}  // namespace fairlead
