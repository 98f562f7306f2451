#include "schemas/cursor.hpp"

namespace fairlead::schemas {

std::uint8_t Cursor::byte() {
  if (rest_.empty()) {
    fail();
    return 0xc1;  // the one byte msgpack never uses
  }
  const auto value = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return value;
}

std::uint64_t Cursor::big_endian(std::size_t width) {
  std::uint64_t value = 0;
  for (const char c : take(width)) value = (value << 8U) | static_cast<unsigned char>(c);
  return value;
}

std::string_view Cursor::take(std::size_t size) {
  if (size > rest_.size()) {
    fail();
    return {};
  }
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

std::uint32_t Cursor::array() {
  const std::uint8_t tag = byte();
  std::uint64_t count = 0;
  if ((tag & 0xf0U) == 0x90) {
    count = tag & 0x0fU;
  } else if (tag == 0xdc) {
    count = big_endian(2);
  } else if (tag == 0xdd) {
    count = big_endian(4);
  } else {
    fail();
  }
  if (count > rest_.size()) fail();
  return failed_ ? 0 : static_cast<std::uint32_t>(count);
}

std::uint64_t Cursor::number() {
  const std::uint8_t tag = byte();
  if (tag < 0x80) return tag;
  switch (tag) {
    case 0xcc:
      return big_endian(1);
    case 0xcd:
      return big_endian(2);
    case 0xce:
      return big_endian(4);
    case 0xcf:
      return big_endian(8);
    default:
      fail();
      return 0;
  }
}

bool Cursor::boolean() {
  const std::uint8_t tag = byte();
  if (tag != 0xc2 && tag != 0xc3) fail();
  return tag == 0xc3;
}

std::string_view Cursor::bytes(std::size_t limit) {
  const std::uint8_t tag = byte();
  std::uint64_t size = 0;
  if ((tag & 0xe0U) == 0xa0) {
    size = tag & 0x1fU;
  } else {
    switch (tag) {
      case 0xc4:
      case 0xd9:
        size = big_endian(1);
        break;
      case 0xc5:
      case 0xda:
        size = big_endian(2);
        break;
      case 0xc6:
      case 0xdb:
        size = big_endian(4);
        break;
      default:
        fail();
    }
  }
  if (size > limit) fail();
  return failed_ ? std::string_view{} : take(static_cast<std::size_t>(size));
}

ClientId Cursor::client() {
  const std::string_view raw = bytes(ClientId::bytes);
  if (raw.size() != ClientId::bytes) {
    fail();
    return {};
  }
  return ClientId::decode(raw).value();
}

bool Cursor::nil() {
  if (rest_.empty() || static_cast<std::uint8_t>(rest_.front()) != 0xc0) return false;
  rest_.remove_prefix(1);
  return true;
}

void Cursor::skip() { skip_at(0); }

void Cursor::skip(std::uint32_t objects) {
  for (; objects > 0 && ok(); --objects) skip();
}

void Cursor::skip_at(int depth) {
  if (depth > max_depth) return fail();
  const std::uint8_t tag = byte();
  std::uint64_t inside = 0;  // objects in a container
  if (tag < 0x80 || tag >= 0xe0 || tag == 0xc0 || tag == 0xc2 || tag == 0xc3) return;
  if ((tag & 0xe0U) == 0xa0) {
    take(tag & 0x1fU);
  } else if ((tag & 0xf0U) == 0x90) {
    inside = tag & 0x0fU;
  } else if ((tag & 0xf0U) == 0x80) {
    inside = 2 * (tag & 0x0fU);
  } else {
    switch (tag) {
      case 0xcc:
      case 0xd0:
        take(1);
        break;
      case 0xcd:
      case 0xd1:
      case 0xd4:
        take(2);
        break;
      case 0xd5:
        take(3);
        break;
      case 0xce:
      case 0xd2:
      case 0xca:
        take(4);
        break;
      case 0xd6:
        take(5);
        break;
      case 0xcf:
      case 0xd3:
      case 0xcb:
        take(8);
        break;
      case 0xd7:
        take(9);
        break;
      case 0xd8:
        take(17);
        break;
      case 0xc4:
      case 0xd9:
        take(big_endian(1));
        break;
      case 0xc5:
      case 0xda:
        take(big_endian(2));
        break;
      case 0xc6:
      case 0xdb:
        take(big_endian(4));
        break;
      case 0xc7:
        take(big_endian(1) + 1);
        break;
      case 0xc8:
        take(big_endian(2) + 1);
        break;
      case 0xc9:
        take(big_endian(4) + 1);
        break;
      case 0xdc:
        inside = big_endian(2);
        break;
      case 0xdd:
        inside = big_endian(4);
        break;
      case 0xde:
        inside = 2 * big_endian(2);
        break;
      case 0xdf:
        inside = 2 * big_endian(4);
        break;
      default:
        fail();
    }
  }
  if (inside > rest_.size()) return fail();
  for (; inside > 0 && ok(); --inside) skip_at(depth + 1);
}

}  // namespace fairlead::schemas
