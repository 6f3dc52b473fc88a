#include <google/protobuf/stubs/common.h>
#include <grpcpp/grpcpp.h>
#include <sqlite3.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "server/commands/commands.h"

namespace slowwave {

void AddVersion(CLI::App& root, CommandContext& context) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = root.add_subcommand("version", "Print what this is and what it is built on");
  command->add_flag("--json", *json, "Print one JSON object");
  command->footer("Example: slowwave version --json");
  command->callback([json, &context] {
    const std::string protobuf = google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION);
    if (*json) {
      const nlohmann::ordered_json out = {{"version", SLOWWAVE_VERSION},
                                          {"grpc", grpc::Version()},
                                          {"protobuf", protobuf},
                                          {"sqlite", sqlite3_libversion()}};
      context.out << out.dump() << "\n";
    } else {
      context.out << "slowwave " << SLOWWAVE_VERSION << " (gRPC " << grpc::Version() << ", Protobuf "
                  << protobuf << ", SQLite " << sqlite3_libversion() << ")\n";
    }
  });
}

}  // namespace slowwave
