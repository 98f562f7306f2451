// A reply of the admin socket as people read it.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace fairlead::ctl {

// Of a reply that is ok: a table, or lines of "name  value". Columns whose values are all numbers stand to the right.
std::string show(const nlohmann::ordered_json& reply);

// UTF-8 stays as it is; whatever could move the cursor is escaped.
std::string on_one_line(const std::string& text);

}  // namespace fairlead::ctl
