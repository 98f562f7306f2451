// Plays a scenario's inputs to a real Gateway, as users 1, 2, 3… and a broker. What the gateway does is told as
// gateway/conversation.hpp tells it.
//
//   open 7 · say 7 TEXT · leave 7
//   link [lineage=N] [next=N]      the broker welcomes the gateway, however long that takes
//   break                          the connection is lost
//   deliver N RECORD…              numbered records, the first is number N: client:7:TEXT all:TEXT group:G:TEXT uid:U:TEXT
//                                  committed:7:SEQ bound:7:UID joined:7:G left:7:G close:7
//   tell RECORD…                   records without a number: refused:7 gap:N reset
//   wait 2s
#pragma once

#include <string>
#include <vector>

#include "gateway/conversation.hpp"

namespace fairlead::scenarios {

class GatewayStage {
 public:
  std::vector<std::string> play(const std::vector<std::string>& inputs);

 private:
  std::vector<std::string> input(const std::string& line);

  gateway::Conversation talk_;
};

}  // namespace fairlead::scenarios
