import { byWindow, type Phrases, sentences } from './phrases.ts'
import type { Words } from './words.ts'

const limits = {
  minute: 'hạn mức theo phút',
  hour: 'hạn mức theo giờ',
  day: 'hạn mức ngày',
  week: 'hạn mức tuần',
  month: 'hạn mức tháng',
}

const used = (w: Words) => w.percent(w.has('percent_used') ? 'percent_used' : 'threshold_percent')

function duration(w: Words): string {
  const { unit, count } = w.duration('window_seconds')
  return `${count} ${unit === 'minute' ? 'phút' : 'giây'}`
}

export const vi: Phrases = {
  notation: {
    group: '.',
    decimal: ',',
    percent: '%',
    time: ({ year, month, day, clock }) => `${clock} ngày ${day}/${month}/${year} (UTC)`,
  },
  types: {
    budget_threshold: 'ngưỡng ngân sách',
    budget_exceeded: 'ngân sách đã hết',
    hourly_cost: 'chi phí theo giờ',
    oversized_request: 'câu trả lời quá dài',
    duplicate_prompt: 'prompt lặp lại',
    unpriced_model: 'mô hình chưa có giá',
    upstream_errors: 'lỗi từ nhà cung cấp',
    delivery_failure: 'thông báo không gửi được',
  },
  labels: {
    type: 'loại',
    severity: 'mức độ',
    budget: 'ngân sách',
    window: 'kỳ',
    department: 'phòng ban',
    project: 'dự án',
    cost_center: 'trung tâm chi phí',
    user_id: 'người dùng',
    key: 'khóa',
    model: 'mô hình',
    provider: 'nhà cung cấp',
    receiver: 'nơi nhận',
  },
  alerts: {
    budget_threshold: {
      title: (w) => `Ngân sách ${w.text('budget')}: đã dùng ${used(w)} ${byWindow(w, limits)}`,
      text: (w) =>
        `Đã chi ${w.usd('spent_usd')} trên tổng số ${w.exactUsd('limit_usd')}; còn lại ${w.usd('remaining_usd')} cho đến ${w.time('window_end')}.`,
    },
    budget_exceeded: {
      title: (w) => `Ngân sách ${w.text('budget')}: đã hết ${byWindow(w, limits)}, lệnh gọi bị từ chối`,
      text: (w) =>
        sentences(
          w.has('limit_usd') && `Đã chi ${w.usd('spent_usd')} trên tổng số ${w.exactUsd('limit_usd')}.`,
          `Các lệnh gọi vượt quá phần còn lại bị từ chối cho đến ${w.time('window_end')}.`,
          w.has('model') &&
            `Lệnh gọi đầu tiên bị từ chối: mô hình ${w.text('model')}, yêu cầu ${w.text('request_id')}.`,
        ),
    },
    hourly_cost: {
      title: (w) =>
        w.has('model')
          ? `Chi phí theo giờ của ${w.text('model')} vượt ${w.exactUsd('limit_usd')}`
          : `Chi phí theo giờ vượt ${w.exactUsd('limit_usd')}`,
      text: (w) =>
        `Đã chi ${w.usd('cost_usd')} từ ${w.time('hour_start')} đến ${w.time('hour_end')}; giới hạn là ${w.exactUsd('limit_usd')} mỗi giờ.`,
    },
    oversized_request: {
      title: (w) => `Câu trả lời quá dài từ ${w.text('model')}: ${w.count('output_tokens')} token đầu ra`,
      text: (w) =>
        sentences(
          `Ngưỡng của mô hình này là ${w.count('threshold_tokens')} token đầu ra.`,
          w.has('cost_usd') && `Lệnh gọi này tốn ${w.usd('cost_usd')}.`,
        ),
      ofCall: true,
    },
    duplicate_prompt: {
      title: (w) => `Cùng một prompt được gửi ${w.count('count')} lần trong một giờ`,
      text: (w) =>
        `Khóa ${w.text('key')} đã gửi cùng một prompt ${w.count('count')} lần trong vòng một giờ đến ${w.text('model')}; dự kiến nhiều nhất ${w.count('threshold')} lần.`,
      ofCall: true,
    },
    unpriced_model: {
      title: (w) => `Chưa có giá cho ${w.text('model')} tại ${w.text('provider')}`,
      text: () =>
        'Các lệnh gọi vẫn được phục vụ, nhưng chi phí của chúng không có trong báo cáo và ngân sách. Hãy thêm giá cho mô hình này vào mục “prices” trong tệp cấu hình.',
    },
    upstream_errors: {
      title: (w) => `${w.text('provider')}: tỷ lệ lỗi ${w.percent('percent')}`,
      text: (w) =>
        sentences(
          `${w.count('failed')} trên ${w.count('calls')} lệnh gọi thất bại trong vòng ${duration(w)} (ngưỡng ${w.percent('threshold_percent')}).`,
          w.has('last_error') && `Lỗi gần nhất: ${w.text('last_error')}.`,
        ),
    },
    delivery_failure: {
      title: (w) => `Không gửi được thông báo đến ${w.text('receiver')}`,
      text: (w) =>
        sentences(
          `Không thông báo nào đến nơi kể từ ${w.time('failing_since')}, đã thử ${w.count('attempts')} lần.`,
          w.has('error') && `Lỗi gần nhất: ${w.text('error')}.`,
          'Hệ thống vẫn tiếp tục gửi lại.',
        ),
    },
  },
  reasons: {
    window_over: 'Kỳ này đã kết thúc; kỳ mới đã bắt đầu.',
    limit_changed: 'Hạn mức đã được thay đổi hoặc gỡ bỏ.',
    hour_over: 'Giờ này đã qua.',
    time_over: 'Tự động đóng sau một giờ.',
    displaced: 'Đóng sớm vì có quá nhiều cảnh báo đang mở.',
    priced: 'Mô hình này nay đã có giá.',
    quiet: 'Từ đó đến nay không tái diễn.',
    recovered: 'Các lệnh gọi đã thành công trở lại.',
    delivered: 'Thông báo đã đến nơi trở lại.',
  },
  resolved: 'Đã kết thúc',
  request: (id) => `yêu cầu ${id}`,
  firedAt: (time) => `Phát sinh lúc ${time}.`,
  stillFiring: 'Vẫn tiếp diễn',
  sentBy: 'Gửi bởi Tollgate',
  firingCount: (_count, text) => `${text} cảnh báo đang diễn ra`,
  resolvedCount: (_count, text) => `${text} cảnh báo đã kết thúc`,
  more: (_count, text) => `… và ${text} cảnh báo khác.`,
}
