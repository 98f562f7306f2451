// Settings of listeners as they are typed: flags are the defaults of all listeners, an endpoint's own options
// (line://*:8480?max-message=4k) go over them. Same names, same values, same complaints.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bus/io/options.hpp"
#include "bus/result.hpp"
#include "gateway/io/entrance.hpp"

namespace fairlead::gateway::io {

class EntranceOptions {
 public:
  // This must outlive the options' load().
  void declare(fairlead::io::Options& options);

  // What was typed, once it was loaded; or what does not go together.
  Result<EntranceSettings> settings() const;

  // `typed` is an endpoint with options over these. The error begins with the endpoint.
  Result<Door> door(std::string_view typed) const;

 private:
  std::uint64_t max_message_ = std::uint64_t{64} << 10U;
  std::vector<std::string> origins_;
  std::uint64_t outbox_limit_ = std::uint64_t{1} << 20U;
  std::string outbox_policy_ = "close";
  Duration handshake_{5s};
  Duration close_{5s};
  Duration ping_{25s};
  Duration dead_{60s};
  std::string ping_data_;
  Duration idle_{0};
  Duration login_{0};
  std::string rate_;
  std::int64_t burst_ = 0;
  bool proxy_protocol_ = false;
  std::vector<std::string> trusted_;
  std::string forwarded_ = "x-forwarded-for";
  std::string tls_certificate_;
  std::string tls_key_;
};

}  // namespace fairlead::gateway::io
