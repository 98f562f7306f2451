// A Publisher for tests that says on the bus what it reads, one publication a line, until its input ends; each line is
// answered with one: "ok", what was asked for, or "error" and its text.
//
//   all TEXT · uid UID TEXT · group GROUP TEXT
//   groups PREFIX FIRST END TEXT    one message each to PREFIX<FIRST> … PREFIX<END - 1>, all together
//   close UID TEXT
//   online · in GROUP · is UID      queries: clients, members of a group, whether a uid is there
//
//   fairlead-api-publisher ENDPOINT PATIENCE_MS [KEY-FILE BROKER-KEY-FILE]
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "fairlead/publisher.hpp"

namespace {

using fairlead::Bus;

template <class T>
T value_of(fairlead::Result<fairlead::Answered<T>> answer) {
  if (!answer) throw std::runtime_error(answer.error().message);
  if (!answer->complete) throw std::runtime_error("the answer is not complete");
  return std::move(answer->value);
}

std::string rest_of(std::istream& words) {
  std::string rest;
  std::getline(words >> std::ws, rest);
  return rest;
}

// What is to be answered when all went well.
std::string obey(Bus& bus, const std::string& line) {
  std::istringstream words(line);
  std::string command;
  std::string name;
  words >> command;
  if (command == "all") {
    bus.send_to_all(rest_of(words));
  } else if (command == "online") {
    return std::to_string(value_of(bus.client_count()));
  } else if (words >> name; command == "uid") {
    bus.send_to_uid(name, rest_of(words));
  } else if (command == "group") {
    bus.send_to_group(name, rest_of(words));
  } else if (command == "groups") {
    int first = 0;
    int end = 0;
    words >> first >> end;
    const std::string text = rest_of(words);
    for (int i = first; i < end; ++i) bus.send_to_group(name + std::to_string(i), text);
  } else if (command == "close") {
    bus.close_uid(name, rest_of(words));
  } else if (command == "in") {
    return std::to_string(value_of(bus.group_members(name)).size());
  } else if (command == "is") {
    return value_of(bus.is_uid_online(name)) ? "yes" : "no";
  } else {
    throw std::runtime_error("no such command: " + line);
  }
  return "ok";
}

void serve(fairlead::Publisher& publisher) {
  for (std::string line; std::getline(std::cin, line);) {
    std::string answer;
    try {
      const auto told = publisher.publish([&](Bus& bus) { answer = obey(bus, line); });
      if (!told) answer = "error " + told.error().message;
    } catch (const std::exception& wrong) {
      answer = std::string("error ") + wrong.what();
    }
    std::cout << answer << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 5) {
    std::cerr << "fairlead-api-publisher ENDPOINT PATIENCE_MS [KEY-FILE BROKER-KEY-FILE]\n";
    return 2;
  }
  try {
    fairlead::Publisher publisher({.broker = argv[1],
                                   .name = "publisher",
                                   .patience = std::chrono::milliseconds(std::stoll(argv[2])),
                                   .key = argc == 5 ? argv[3] : "",
                                   .broker_key = argc == 5 ? argv[4] : ""});
    serve(publisher);
  } catch (const std::exception& wrong) {
    std::cerr << wrong.what() << '\n';
    return 1;
  }
  return 0;
}
