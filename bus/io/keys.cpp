#include "bus/io/keys.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "bus/io/fd.hpp"

namespace fairlead::io {
namespace {

constexpr std::size_t z85_size = 41;  // of a key, with the zero at its end
constexpr std::size_t longest_file = 4096;

Error about(const std::string& path, const std::string& what) { return Error{path + ": " + what}; }

Result<std::string> key_in_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return about(path, std::strerror(errno));
  std::string text(longest_file, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad() || text.empty()) return about(path, "there is nothing to read in it");
  auto key = key_in(text);
  if (!key) return about(path, key.error().message);
  return key;
}

Status write_new(const std::string& path, const std::string& text, mode_t mode) {
  const Fd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)};
  if (!file)
    return about(path, errno == EEXIST ? "is there already, and keys are not written over" : std::strerror(errno));
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fsync(file.get()) != 0)
    return about(path, std::strerror(errno));
  return Nothing{};
}

}  // namespace

KeyPair make_key_pair() {
  std::array<char, z85_size> open{};
  std::array<char, z85_size> secret{};
  if (zmq_curve_keypair(open.data(), secret.data()) != 0)
    throw std::runtime_error("this libzmq was built without CURVE, so there are no keys to be had");
  return {.public_key = open.data(), .secret_key = secret.data()};
}

Status save(const KeyPair& keys, const std::string& path) {
  if (auto written =
          write_new(path, "# secret key: whoever has it is who it belongs to\n" + keys.secret_key + "\n", 0600);
      !written)
    return written;
  return write_new(path + ".pub", keys.public_key + "\n", 0644);
}

Result<KeyPair> load_key_pair(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && (found.st_mode & (S_IROTH | S_IWOTH)) != 0)
    return about(path, "everybody may read it, so it is no secret; chmod 600, and better make a new one");
  auto secret = key_in_file(path);
  if (!secret) return secret.error();
  std::array<char, z85_size> open{};
  if (zmq_curve_public(open.data(), secret->c_str()) != 0) return about(path, "that is not a secret key");
  return KeyPair{.public_key = open.data(), .secret_key = std::move(*secret)};
}

Result<std::string> load_public_key(const std::string& path) { return key_in_file(path); }

Result<Keys> load_keys(const std::string& key, const std::string& broker_key) {
  if (key.empty() && broker_key.empty()) return Keys{};
  if (broker_key.empty()) return Error{"--key also needs --broker-key: the file with the broker's public key"};
  if (key.empty()) return Error{"--broker-key also needs --key: the file with this process's own secret key"};
  auto own = load_key_pair(key);
  if (!own) return own.error();
  auto broker = load_public_key(broker_key);
  if (!broker) return broker.error();
  if (*broker == own->secret_key) return about(broker_key, "that is a secret key; the broker's public one is wanted");
  return Keys{.own = std::move(*own), .broker = std::move(*broker)};
}

void KeyOptions::declare(Options& options) {
  options
      .text("key", "FILE", key, "this process's secret key, when the bus has keys (made by fairlead-ctl keygen FILE)")
      .text("broker-key", "FILE", broker_key, "the broker's public key: no other broker is talked to")
      .also([this]() -> Status {
        auto keys = load_keys(key, broker_key);
        if (!keys) return keys.error();
        return Nothing{};
      });
}

Keys KeyOptions::load() const {
  auto keys = load_keys(key, broker_key);
  if (!keys) throw std::runtime_error(keys.error().message);
  return std::move(*keys);
}

}  // namespace fairlead::io
