// Plays a scenario's inputs to a real Worker, as a broker and as the handler.
//
//   welcome                        the broker welcomes the worker
//   unit U [first=N] [events=N] [skip=N]   a unit of one client; `skip` leaves out that many numbers of the stream
//   cancel U · drained · reset
//   handle [N]                     the handler does the next N events, all by default; `handle-slowly` takes 50 ms for each
//   session TEXT · fail            it does the next event and sets the session, or fails
//   commit N                       the broker acknowledges outcomes up to N
//   drain                          the worker is told to stop
//   break                          the connection is lost
//   wait 2s
#pragma once

#include <string>
#include <vector>

#include "worker/test_talk.hpp"

namespace fairlead::scenarios {

class WorkerStage {
 public:
  std::vector<std::string> play(const std::vector<std::string>& inputs);

 private:
  void input(const std::string& line);
  void turn(Duration later);
  void handle(std::size_t events, Duration each);
  worker::Job next();
  template <class Record>
  void number(const Record& record);

  worker::Talk talk_;
  std::vector<std::string> said_;
  std::uint64_t numbered_ = 0;
};

}  // namespace fairlead::scenarios
