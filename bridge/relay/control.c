/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

typedef union {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
} Passage;

gboolean
relay_control_pair(int fds[static 2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0;
}

void
relay_control_send(int fd, const RelayControl *control, int passed_fd)
{
	struct iovec part = {.iov_base = (void *)control, .iov_len = sizeof(*control)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	Passage passage = {0};

	if (passed_fd >= 0) {
		struct cmsghdr *header;

		message.msg_control = &passage;
		message.msg_controllen = sizeof(passage);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &passed_fd, sizeof(int));
	}
	(void)!sendmsg(fd, &message, MSG_NOSIGNAL);
}

int
relay_control_receive(int fd, RelayControl *control, int *passed_fd)
{
	struct iovec part = {.iov_base = control, .iov_len = sizeof(*control)};
	Passage passage = {0};
	struct msghdr message = {
	    .msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = &passage,
	    .msg_controllen = sizeof(passage),
	};
	ssize_t len = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header;

	*passed_fd = -1;
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (len != sizeof(*control))
		return -1;
	header = CMSG_FIRSTHDR(&message);
	if (header != NULL && header->cmsg_type == SCM_RIGHTS)
		memcpy(passed_fd, CMSG_DATA(header), sizeof(int));
	return 1;
}
