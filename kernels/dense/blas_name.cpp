#include "kernels/dense/blas_name.hpp"

#include <utility>

#include <dlfcn.h>

namespace tandem::kernels {
namespace {

// Looked up at run time, because any BLAS can stand behind CBLAS.
std::string told_by_blas(const char* function) {
  const auto ask = reinterpret_cast<char* (*)()>(dlsym(RTLD_DEFAULT, function));
  return ask != nullptr ? ask() : "";
}

}  // namespace

std::map<std::string, std::string> blas_names() {
  std::map<std::string, std::string> names;
  for (const auto& [key, function] :
       {std::pair{"blas_core", "openblas_get_corename"}, std::pair{"blas", "openblas_get_config"}})
    if (const std::string text = told_by_blas(function); !text.empty()) names[key] = text;
  return names;
}

}  // namespace tandem::kernels
