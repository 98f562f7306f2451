// A reply of the admin socket as people read it.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace fairlead::ctl {

// Of a reply that is ok: a table, or lines of "name  value". Columns whose values are all numbers stand to the right.
std::string show(const nlohmann::ordered_json& reply);

}  // namespace fairlead::ctl
