// Folds cases from standard input, one JSON object a line, and prints what each folds to: see fold_json.h.
#include <iostream>
#include <string>

#include "tests/support/fold_json.h"

int main() {
  std::ios::sync_with_stdio(false);
  std::string line;
  while (std::getline(std::cin, line)) {
    try {
      std::cout << slowwave::FoldCase(nlohmann::json::parse(line)).dump() << '\n';
    } catch (const std::exception& e) {
      std::cerr << "fold_tool: " << e.what() << '\n';
      return 2;
    }
  }
  return 0;
}
