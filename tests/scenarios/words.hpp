// The small language that inputs of all stages share: words, name=value options, and parts:of:a:word.
#pragma once

#include <string>
#include <vector>

namespace fairlead::scenarios {

std::vector<std::string> words_of(const std::string& line);

// "credit=2" → "2"; `otherwise` when no word begins with the name.
std::string option(const std::vector<std::string>& words, const std::string& name, const std::string& otherwise);

// "group:room:hi" → {"group", "room", "hi"}; the last of `most` parts takes the rest.
std::vector<std::string> parts_of(const std::string& word, std::size_t most);

}  // namespace fairlead::scenarios
