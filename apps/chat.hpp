// Chat is the ancestor's demo: everybody talks to everybody, in private and in rooms. Users type lines (chat_line.hpp) and get
// JSON objects, one a message, each with a "type":
//
//   welcome  uid, online, users?, complete     to whoever came; users are the others who are there, unless they are many
//   come     uid                               to everybody else
//   leave    uid, name?                        to everybody else
//   say      from, name?, to, text             to: "all", a uid, or "#room"; the sender gets it too, once
//   name     uid, name, was?                   to everybody
//   join     uid, name?, room                  to everybody in the room, the one who joins included
//   part     uid, name?, room                  likewise
//   who      room?, online, users?, complete   users: [{uid, name?}…] by uid; without them, there are too many to list
//   help     text
//   error    text                              to whoever made it; nothing else happened
//
// A uid is the next number of the store's counter "chat:uid". A name lives in its user's session.
#pragma once

#include "fairlead/handler.hpp"

#include "apps/chat_line.hpp"

namespace fairlead::apps {

class Chat final : public Handler {
 public:
  // Beyond this many, users are counted and not listed.
  static constexpr std::uint64_t max_listed = 500;
  static constexpr std::size_t max_rooms = 50;  // for one user to be in

  void on_open(Context& ctx, const Handshake& handshake) override;
  void on_message(Context& ctx, std::string_view message) override;
  void on_close(Context& ctx, const CloseReason& reason) override;

 private:
  static void enter(Context& ctx);
};

}  // namespace fairlead::apps
