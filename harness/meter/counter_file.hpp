// Small files under /sys in which drivers show counters, and what can be wrong with them.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tandem {

// A small file's text and the errno of the attempt (0: read).
struct FileText {
  std::string text;
  int error = 0;
};
using FileReader = std::function<FileText(const std::filesystem::path&)>;
FileText read_text(const std::filesystem::path& path);  // its first 255 bytes

std::string first_word(const std::string& text);
std::string first_line(const std::string& text);
// The first word as a number that is finite and not negative; nothing if it is none or the file was not read.
std::optional<double> counter_value(const FileText& file);

// "" or why a counter cannot be read from `path`; `mend`: the command that gives the permission it lacks.
std::string counter_problem(const std::filesystem::path& path, const FileText& file, const std::string& mend);

// Names in a folder, sorted; empty where there is none.
std::vector<std::string> names_in(const std::filesystem::path& folder);

// A label as a part of a meter's name: letters, digits, '.', '_' and '-', all else '-'.
std::string as_name(const std::string& label);

}  // namespace tandem
