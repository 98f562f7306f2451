#include "store/io/resolver.hpp"

#include <condition_variable>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>

#include <netdb.h>
#include <sys/un.h>

#include "bus/io/clock.hpp"

namespace fairlead::store {
namespace {

using Addresses = std::vector<SocketAddress>;

Result<Addresses> look_up(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); code != 0) {
    return Error{"its name cannot be looked up: " + std::string(::gai_strerror(code))};
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, ::freeaddrinfo);
  Addresses out;
  for (const addrinfo* one = found; one != nullptr && out.size() < 8; one = one->ai_next) {
    SocketAddress& address = out.emplace_back();
    address.size = one->ai_addrlen;
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
  }
  return out;
}

SocketAddress unix_address(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof name.sun_path - 1);
  SocketAddress address;
  address.size = sizeof name;
  std::memcpy(&address.storage, &name, sizeof name);
  return address;
}

// A look-up under way: whoever wants the same name meanwhile waits for the same one.
struct LookUp {
  std::mutex mutex;
  std::condition_variable over;
  std::optional<Result<Addresses>> answer;
};

struct LookUps {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<LookUp>> under_way;
};

LookUps& look_ups() {
  static auto* const instance = new LookUps;  // never destroyed: a look-up may outlive main()
  return *instance;
}

Result<std::shared_ptr<LookUp>> begin(const std::string& host, std::uint16_t port) {
  const std::string name = host + ":" + std::to_string(port);
  const std::lock_guard lock(look_ups().mutex);
  auto& known = look_ups().under_way[name];
  if (known) return known;
  auto fresh = std::make_shared<LookUp>();
  try {
    std::thread([fresh, name, host, port] {
      auto answer = look_up(host, port, 0);
      {
        const std::lock_guard done(look_ups().mutex);
        look_ups().under_way.erase(name);
      }
      const std::lock_guard told(fresh->mutex);
      fresh->answer = std::move(answer);
      fresh->over.notify_all();
    }).detach();
  } catch (const std::system_error& failure) {
    look_ups().under_way.erase(name);
    return Error{std::string("no thread for looking up its name: ") + failure.what()};
  }
  known = fresh;
  return fresh;
}

}  // namespace

Result<Addresses> resolve(const Place& place, Instant deadline) {
  if (place.host.empty()) return Addresses{unix_address(place.path)};
  if (auto numeric = look_up(place.host, place.port, AI_NUMERICHOST)) return numeric;
  auto begun = begin(place.host, place.port);
  if (!begun) return begun.error();
  LookUp& look_up = **begun;
  std::unique_lock lock(look_up.mutex);
  if (!look_up.over.wait_for(lock, deadline - io::now(), [&] { return look_up.answer.has_value(); })) {
    return Error{"its name was not looked up in time; is the name server well?"};
  }
  return *look_up.answer;
}

}  // namespace fairlead::store
