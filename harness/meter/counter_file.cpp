#include "harness/meter/counter_file.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace tandem {

FileText read_text(const std::filesystem::path& path) {
  FileText file;
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return {"", errno};
  std::array<char, 255> block{};
  const ssize_t count = ::read(descriptor, block.data(), block.size());
  if (count < 0)
    file.error = errno;
  else
    file.text.assign(block.data(), static_cast<std::size_t>(count));
  close(descriptor);
  return file;
}

std::string first_word(const std::string& text) { return text.substr(0, text.find_first_of(" \t\n")); }

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::optional<double> counter_value(const FileText& file) {
  double value = 0;
  const std::string word = first_word(file.text);
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (file.error != 0 || error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  if (!std::isfinite(value) || std::signbit(value)) return std::nullopt;
  return value;
}

std::string counter_problem(const std::filesystem::path& path, const FileText& file, const std::string& mend) {
  if (file.error == EACCES || file.error == EPERM)
    return fmt::format("no permission to read {}; {}", path.string(), mend);
  if (file.error != 0) return fmt::format("{}: {}", path.string(), std::generic_category().message(file.error));
  if (!counter_value(file)) return fmt::format("{} holds no number", path.string());
  return "";
}

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code absent;
  for (const auto& entry : std::filesystem::directory_iterator(folder, absent))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

std::string as_name(const std::string& label) {
  std::string name = label;
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.' && c != '_') c = '-';
  return name;
}

}  // namespace tandem
