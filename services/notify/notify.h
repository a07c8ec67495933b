#pragma once

#include "absl/status/statusor.h"
#include "access/area.h"
#include "gridwarden/notify/v1/notify_service.pb.h"
#include "platform/rpc/call.h"

// The table of contents of notify: every rpc, each in the file named by its verb. What they promise stands in
// notify_service.proto.
namespace gridwarden::notify {

// The inbox.
absl::StatusOr<v1::ListNoticesResponse> ListNotices(const AreaContext&, const rpc::Call&,
                                                    const v1::ListNoticesRequest&);
absl::StatusOr<v1::UnreadCount> GetUnreadCount(const AreaContext&, const rpc::Call&,
                                               const v1::GetUnreadCountRequest&);
absl::StatusOr<v1::MarkReadResponse> MarkRead(const AreaContext&, const rpc::Call&,
                                              const v1::MarkReadRequest&);
absl::StatusOr<v1::MarkReadResponse> MarkAllRead(const AreaContext&, const rpc::Call&,
                                                 const v1::MarkAllReadRequest&);
absl::StatusOr<v1::MarkReadResponse> MarkUnread(const AreaContext&, const rpc::Call&,
                                                const v1::MarkReadRequest&);

// How one is told, and how far messages have come.
absl::StatusOr<v1::NoticeSettings> GetNoticeSettings(const AreaContext&, const rpc::Call&,
                                                     const v1::GetNoticeSettingsRequest&);
absl::StatusOr<v1::NoticeSettings> SetNoticeSettings(const AreaContext&, const rpc::Call&,
                                                     const v1::SetNoticeSettingsRequest&);
absl::StatusOr<v1::ListDeliveriesResponse> ListDeliveries(const AreaContext&, const rpc::Call&,
                                                          const v1::ListDeliveriesRequest&);
absl::StatusOr<v1::RetryDeliveriesResponse> RetryDeliveries(const AreaContext&, const rpc::Call&,
                                                            const v1::RetryDeliveriesRequest&);

// The duty roster.
absl::StatusOr<v1::SetDutyShiftsResponse> SetDutyShifts(const AreaContext&, const rpc::Call&,
                                                        const v1::SetDutyShiftsRequest&);
absl::StatusOr<v1::ListDutyShiftsResponse> ListDutyShifts(const AreaContext&, const rpc::Call&,
                                                          const v1::ListDutyShiftsRequest&);
absl::StatusOr<v1::WhoIsOnDutyResponse> WhoIsOnDuty(const AreaContext&, const rpc::Call&,
                                                    const v1::WhoIsOnDutyRequest&);

}  // namespace gridwarden::notify
