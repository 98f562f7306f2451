#include "tests/simulation/gateway_process.hpp"

#include <set>
#include <utility>

#include "schemas/frame.hpp"
#include "tests/simulation/application.hpp"
#include "tests/simulation/oracle.hpp"
#include "tests/simulation/violation.hpp"

namespace fairlead::simulation {

using gateway::Action;
using gateway::Actions;
using gateway::CloseLink;
using gateway::CloseUser;
using gateway::Config;
using gateway::Note;
using gateway::OpenLink;
using gateway::PauseAll;
using gateway::PauseUser;
using gateway::ResumeAll;
using gateway::ResumeUser;
using gateway::SendUp;
using gateway::ToUsers;
using gateway::UserId;

GatewayProcess::GatewayProcess(Surroundings around, unsigned index, HostId host, Users& users, Random random)
    : Process(around, "gateway-" + std::to_string(index), random), index_(index), host_(host), users_(users) {}

// ---- life

void GatewayProcess::on_start() {
  incarnation_ = around_.oracle.new_incarnation(name());
  Config config{.name = name(), .incarnation = incarnation_};
  gateway_.emplace(std::move(config), Random(random_.next()));
  last_user_ = 0;
  stop_ = stopping_ = paused_all_ = connected_ = false;
}

void GatewayProcess::on_kill() {
  around_.network.close_all(host_);
  if (!gateway_->finished() || gateway_->uplink().events() > 0) {
    for (const auto& user : users_.all()) {
      if (user->client.gateway == incarnation_) user->gateway_died = true;
    }
  }
  gateway_.reset();
  control_.clear();
  deliveries_.clear();
  typed_.clear();
  dealer_ = sub_ = 0;
  for (auto& [id, connection] : std::exchange(connections_, {})) {
    if (connection.user->end == User::End::open) end(*connection.user, User::End::gateway_crashed);
  }
}

void GatewayProcess::stop() {
  if (!up() || stop_) return;
  tell("is asked to stop");
  stop_ = true;
  wake();
}

// ---- users

bool GatewayProcess::connect(User& user, std::string path) {
  if (!up() || stop_) return false;
  connections_[++last_user_].user = &user;
  user.client = {.gateway = incarnation_, .counter = last_user_};
  typed_.push_back({Typed::Kind::open, &user, std::move(path), {}});
  wake();
  return true;
}

void GatewayProcess::say(User& user, std::string text) {
  if (!up() || user.end != User::End::open) return;
  typed_.push_back({Typed::Kind::message, &user, std::move(text), {}});
  wake();
}

void GatewayProcess::hang_up(User& user) {
  if (!up() || user.end != User::End::open) return;
  end(user, User::End::left);
  typed_.push_back({Typed::Kind::close, &user, {}, {1000, "left"}});
  wake();
}

void GatewayProcess::end(User& user, User::End how) {
  user.end = how;
  user.ended = now();
  if (traced()) tell(user.text() + " is disconnected (" + std::to_string(static_cast<int>(how)) + ")");
  if (user_ended_) user_ended_(user);
}

// ---- turns

void GatewayProcess::deliver(Network::ToPeer arrival) {
  if (!up()) return;
  (arrival.leg == Leg::frontend ? control_ : deliveries_).push_back(std::move(arrival));
  wake();
}

bool GatewayProcess::on_turn(Instant now) {
  Actions out;
  if (dealer_ != 0) {
    connected_ = connected_ || around_.network.established(dealer_);
    if (connected_ && around_.network.ended(dealer_)) gateway_->on_link_broken("the DEALER lost its connection");
  }
  const std::size_t room = budget();
  const bool control_first = random_.one_in(2);
  bool more = take_frames(control_first ? control_ : deliveries_, room, now, out);
  more = take_frames(control_first ? deliveries_ : control_, room, now, out) || more;
  more = take_typed(now, out) || more;
  if (stop_ && !stopping_) gateway_->on_stop(now, out), stopping_ = true;
  gateway_->on_turn(now, out);
  act(out);
  around_.oracle.on_gateway_turn(*gateway_, name());
  if (gateway_->finished()) {
    tell("has stopped");
    kill("finished");
  }
  return more;
}

bool GatewayProcess::take_frames(std::deque<Network::ToPeer>& inbox, std::size_t room, Instant now, Actions& out) {
  for (; !inbox.empty() && room > 0; --room) {
    const Network::ToPeer arrival = std::move(inbox.front());
    inbox.pop_front();
    if (arrival.connection == dealer_) {
      if (traced()) tell("<- " + describe(arrival.frame, Direction::to_gateway));
      gateway_->on_frontend_frame(arrival.frame, now, out);
    } else if (arrival.connection == sub_) {
      if (traced()) tell("<= " + describe(arrival.frame.substr(schemas::topic_bytes), Direction::to_gateway));
      gateway_->on_delivery_frame(arrival.frame, now, out);
    }
    act(out);
  }
  return !inbox.empty();
}

bool GatewayProcess::take_typed(Instant now, Actions& out) {
  std::deque<Typed> later;
  std::set<const User*> waiting;  // who is paused keeps the order of what they typed
  std::size_t room = budget();
  bool more = false;
  while (!typed_.empty()) {
    Typed typed = std::move(typed_.front());
    typed_.pop_front();
    if (room == 0 || waiting.contains(typed.user)) {
      more = more || room == 0;
      later.push_back(std::move(typed));
      continue;
    }
    if (!take(typed, now, out)) {
      waiting.insert(typed.user);
      later.push_back(std::move(typed));
      continue;
    }
    --room;
    act(out);
  }
  typed_ = std::move(later);
  return more;
}

bool GatewayProcess::take(Typed& typed, Instant now, Actions& out) {
  User& user = *typed.user;
  const UserId id{user.client.counter};
  const auto found = connections_.find(id.value);
  if (found == connections_.end()) return true;
  Connection& connection = found->second;
  switch (typed.kind) {
    case Typed::Kind::open:
      if (paused_all_) return false;
      if (!stopping_) users_.accepted(user, user.client);
      if (traced()) tell(user.text() + " opens as " + user.client.text());
      gateway_->on_user_opened(id, {.peer = user.text(), .path = typed.text}, now, out);
      return true;
    case Typed::Kind::message:
      if (connection.ended) return true;  // what a closing connection had still to say is lost
      if (connection.paused || paused_all_) return false;
      user.said.push_back(typed.text);
      if (traced()) tell(user.text() + " says " + typed.text);
      gateway_->on_user_message(id, typed.text, false, now, out);
      return true;
    case Typed::Kind::close:
      // A socket that is not read is not seen to close either: what was typed before comes first.
      if (!connection.ended && (connection.paused || paused_all_)) return false;
      connection.ended = true;
      user.close_taken = user.accepted;
      connections_.erase(found);
      gateway_->on_user_closed(id, typed.reason, now, out);
      return true;
  }
  return true;
}

// ---- what the machine wants

void GatewayProcess::act(Actions& out) {
  for (auto& action : std::exchange(out, {})) act(action);
}

void GatewayProcess::act(Action& action) {
  if (auto* users = std::get_if<ToUsers>(&action)) {
    for (const UserId id : users->users) {
      const auto found = connections_.find(id.value);
      if (found == connections_.end() || found->second.user->end != User::End::open) continue;
      found->second.user->received.push_back(*users->payload);
      around_.oracle.on_received(*found->second.user);
    }
  } else if (auto* send = std::get_if<SendUp>(&action)) {
    if (traced()) tell("-> " + describe(send->frame, Direction::from_gateway));
    const bool live = gateway_->live();
    if (around_.network.send(dealer_, std::move(send->frame)) == Sent::would_block && live) {
      gateway_->on_link_broken("a send would block");
      wake();
    }
  } else if (auto* pause = std::get_if<PauseUser>(&action)) {
    if (connections_.contains(pause->user.value)) connections_[pause->user.value].paused = true;
  } else if (auto* resume = std::get_if<ResumeUser>(&action)) {
    if (connections_.contains(resume->user.value)) connections_[resume->user.value].paused = false;
    wake();
  } else if (auto* close = std::get_if<CloseUser>(&action)) {
    close_user(*close);
  } else if (std::holds_alternative<PauseAll>(action)) {
    paused_all_ = true;
  } else if (std::holds_alternative<ResumeAll>(action)) {
    paused_all_ = false;
    wake();
  } else if (auto* open = std::get_if<OpenLink>(&action)) {
    around_.network.close(dealer_);
    around_.network.close(sub_);
    control_.clear();
    deliveries_.clear();
    connected_ = false;
    sub_ = around_.network.connect(host_, Leg::deliveries, schemas::deliveries_topic(open->link));
    dealer_ = around_.network.connect(host_, Leg::frontend);
  } else if (std::holds_alternative<CloseLink>(action)) {
    around_.network.close(dealer_);
    around_.network.close(sub_);
    dealer_ = sub_ = 0;
    control_.clear();
    deliveries_.clear();
  } else if (auto* note = std::get_if<Note>(&action)) {
    if (traced()) tell("notes " + note->event + ": " + note->text);
  }
}

void GatewayProcess::close_user(const CloseUser& close) {
  const auto found = connections_.find(close.user.value);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  User& user = *connection.user;
  demand(!connection.ended, "the gateway closed " + user.text() + " twice");
  connection.ended = true;
  typed_.push_back({Typed::Kind::close, &user, {}, close.reason});
  wake();
  if (user.end != User::End::open) return;
  if (close.last && !close.now) {
    user.received.push_back(*close.last);
    around_.oracle.on_received(user);
  }
  end(user, close.reason.code == 1012   ? User::End::lost
            : close.reason.code == 1001 ? User::End::gateway_stopped
                                        : User::End::closed);
}

}  // namespace fairlead::simulation
