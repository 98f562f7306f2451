// Appends msgpack to a string: msgpack-cxx's packer with our words. What it writes is what schemas/vectors/ shows.
#pragma once

#define MSGPACK_NO_BOOST
#include <string>
#include <string_view>

#include <msgpack.hpp>

#include "bus/ids.hpp"

namespace fairlead::schemas {

class Writer {
 public:
  explicit Writer(std::string& out) : sink_{out}, packer_(sink_) {}
  Writer(const Writer& other) : Writer(other.sink_.out) {}
  Writer& operator=(const Writer&) = delete;

  Writer& array(std::size_t elements) { return packer_.pack_array(static_cast<std::uint32_t>(elements)), *this; }
  Writer& number(std::uint64_t value) { return packer_.pack_uint64(value), *this; }
  Writer& boolean(bool value) { return (value ? packer_.pack_true() : packer_.pack_false()), *this; }
  Writer& nil() { return packer_.pack_nil(), *this; }
  Writer& bytes(std::string_view value) {
    packer_.pack_bin(static_cast<std::uint32_t>(value.size()));
    packer_.pack_bin_body(value.data(), static_cast<std::uint32_t>(value.size()));
    return *this;
  }
  Writer& client(const ClientId& id) {
    char raw[ClientId::bytes];
    id.encode_to(raw);
    return bytes({raw, sizeof raw});
  }

 private:
  struct Sink {
    std::string& out;
    void write(const char* data, std::size_t size) { out.append(data, size); }
  };

  Sink sink_;
  msgpack::packer<Sink> packer_;
};

}  // namespace fairlead::schemas
