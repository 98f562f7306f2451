// Sends one message and prints the answer: stranger-client ADDRESS MESSAGE
#include <chrono>
#include <iostream>

#include <fairlead/client.hpp>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "stranger-client ADDRESS MESSAGE\n";
    return 2;
  }
  fairlead::Client client{{.address = argv[1], .reconnect = false}};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!client.is_over() && std::chrono::steady_clock::now() < deadline) {
    const auto event = client.poll(std::chrono::seconds{1});
    if (!event) continue;
    if (event->kind == fairlead::Client::Event::Kind::connected) client.send(argv[2]);
    if (event->kind == fairlead::Client::Event::Kind::message) {
      std::cout << event->text << '\n';
      client.close(std::chrono::seconds{5});
      return 0;
    }
  }
  std::cerr << "no answer\n";
  return 1;
}
