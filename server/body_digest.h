// What a request_id is bound to.
#ifndef SLOWWAVE_SERVER_BODY_DIGEST_H_
#define SLOWWAVE_SERVER_BODY_DIGEST_H_

#include <google/protobuf/message.h>

#include <string>

#include "storage/types.h"

namespace slowwave {

// Over the kind of message and what it holds, in hex.
std::string DigestOf(const google::protobuf::Message& message);

// Equal requests of one user give equal digests; the id itself is left out, and the tenant is as it was
// understood.
template <typename Request>
std::string BodyDigest(Request request, const UserKey& user) {
  request.clear_request_id();
  request.set_tenant(user.tenant);
  return DigestOf(request);
}

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_BODY_DIGEST_H_
