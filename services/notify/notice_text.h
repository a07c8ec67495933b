#pragma once

#include <string>

#include "domain/ground/ground.h"
#include "domain/policy/policy.h"
#include "gridwarden/notify/v1/notify.pb.h"
#include "notify/notice_repository.h"

// The words of a notice, made when it is read: from the templates of the policy and the ground of today.
namespace gridwarden::notify {

v1::Notice NoticeOf(const domain::Ground& ground, const domain::Policy& policy, const ListedNotice& listed);

// The line a group chat reads, in Chinese; "" for a kind that groups are not told. Never a place or a post.
std::string GroupLineOf(const domain::Policy& policy, const NoticeRow& notice);

}  // namespace gridwarden::notify
