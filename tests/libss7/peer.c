/*
 * A far end of a signalling link and its circuits, made of libss7: a program of its own, which the
 * test beside it builds and drives.
 *
 *     cc peer.c -lss7 -o peer; peer OWN-POINT-CODE FAR-POINT-CODE [normal]
 *
 * With "normal" the link is proved for the normal period (8.2 s); libss7 by itself always asks for
 * the emergency one (500 ms).
 *
 * Standard input is the link: a SOCK_SEQPACKET socket that carries whole signal units, each with
 * two octets in place of the check sequence, or a channel of the DAHDI driver in MTP2 mode. Standard
 * output is a stream socket: commands come in on it and events go out, one a line. Standard error has
 * what libss7 itself says.
 *
 * Commands:  grs CIC LAST | rsc CIC | blo CIC | ubl CIC | call CIC CALLED CALLING | acm CIC
 *            cpg CIC EVENT | anm CIC | con CIC | rel CIC CAUSE | sus CIC | res CIC | inr CIC
 *            ucic CIC | calls
 * Events:    up | down | iam CIC CALLED CALLING | check CIC | cot CIC PASSED | sam CIC CALLED
 *            grs CIC LAST | rel CIC CAUSE | NAME CIC | calls N | hangup CIC CAUSE DO
 *            notinservice CIC
 *
 * What needs an answer by Q.764 is answered at once: GRS, REL, RSC, BLO, UBL, CGB, CGU, CQM, and CCR
 * with LPA; INR by libss7 itself. What libss7 2.0 has no function for, this program has no command
 * for: an IAM that asks for a continuity check, COT, CCR, SAM, CQM, UPT.
 *
 * This source is licensed like the rest of the project. The program that it makes is linked with
 * libss7 and so subject to the GNU General Public License, version 2: build it, do not ship it.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#include <libss7.h>

/* Exported by the library, not declared by its header. */
struct mtp2;
struct mtp2 *ss7_find_link(struct ss7 *ss7, int fd);
int mtp2_start(struct mtp2 *link, int emergency);

/* The driver's DAHDI_GETEVENT, so that its header is not needed: a channel neither reads nor writes
 * while it has an event to tell, and POLLPRI says that it has. */
#define GET_EVENT _IOR(0xDA, 8, int)

enum { LINK = 0, CONTROL = 1, CIRCUITS = 4096, LONGEST_WAIT = 100 };

static struct ss7 *ss7;
static unsigned int far_end;

/* The calls that libss7 has told us of or made for us, by circuit. */
static struct isup_call *calls[CIRCUITS];

/* Whether the call of a circuit was set up by this end. */
static unsigned char outgoing[CIRCUITS];

static void event(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void event(const char *format, ...)
{
	char line[256];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof line - 1, format, arguments);
	va_end(arguments);
	if (length < 0 || length > (int) sizeof line - 2)
		return;
	line[length] = '\n';
	if (write(CONTROL, line, length + 1) < 0)
		exit(1);
}

static void on_message(struct ss7 *from, char *text)
{
	(void) from;
	fprintf(stderr, "libss7: %s", text);
}

static void on_not_in_service(struct ss7 *from, int cic, unsigned int dpc)
{
	(void) from, (void) dpc;
	event("notinservice %d", cic);
}

static int on_hangup(struct ss7 *from, int cic, unsigned int dpc, int cause, int what)
{
	(void) from, (void) dpc;
	event("hangup %d %d %d", cic, cause, what);
	return SS7_CIC_IDLE;
}

static void on_call_null(struct ss7 *from, struct isup_call *call, int lock)
{
	(void) from, (void) lock;
	for (int cic = 0; cic < CIRCUITS; cic++)
		if (calls[cic] == call)
			calls[cic] = NULL;
}

/* Keeps the call of a circuit, or lets libss7 free it when nothing is left of it. */
static void keep(int cic, struct isup_call *call)
{
	calls[cic % CIRCUITS] = call;
}

static void done(int cic, struct isup_call *call)
{
	keep(cic, isup_free_call_if_clear(ss7, call));
}

/* The call of a circuit, a new one when there is none. */
static struct isup_call *call_of(int cic, int outgoing)
{
	if (!calls[cic])
		calls[cic] = isup_new_call(ss7, cic, far_end, outgoing);
	return calls[cic];
}

static int lines;

static void count(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void count(int fd, const char *format, ...)
{
	va_list arguments;

	(void) fd;
	lines++;
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
}

static void command(char *line)
{
	char name[16] = "", called[50] = "", calling[50] = "";
	int cic = 0, value = 0;
	struct isup_call *call;

	sscanf(line, "%15s %d %d", name, &cic, &value);
	if (cic < 0 || cic >= CIRCUITS)
		return;
	if (!strcmp(name, "calls")) {
		/* One line of headings comes before one for each call. */
		lines = -1;
		isup_show_calls(ss7, count, 0);
		event("calls %d", lines);
		return;
	}
	if (!strcmp(name, "ucic")) {
		isup_ucic(ss7, cic, far_end);
		return;
	}
	call = call_of(cic, !strcmp(name, "call"));
	if (!call) {
		event("refused %s", line);
	} else if (!strcmp(name, "call")) {
		sscanf(line, "%*s %*d %49s %49s", called, calling);
		isup_set_called(call, called, SS7_NAI_NATIONAL, ss7);
		isup_set_calling(call, calling, SS7_NAI_NATIONAL, SS7_PRESENTATION_ALLOWED,
			SS7_SCREENING_NETWORK_PROVIDED);
		isup_set_calling_party_category(call, 10);
		isup_set_tmr(call, SS7_TMR_3K1_AUDIO);
		outgoing[cic] = 1;
		isup_iam(ss7, call);
	} else if (!strcmp(name, "grs")) {
		isup_grs(ss7, call, value);
	} else if (!strcmp(name, "rsc")) {
		isup_rsc(ss7, call);
	} else if (!strcmp(name, "blo")) {
		isup_blo(ss7, call);
	} else if (!strcmp(name, "ubl")) {
		isup_ubl(ss7, call);
	} else if (!strcmp(name, "acm")) {
		isup_acm(ss7, call);
	} else if (!strcmp(name, "cpg")) {
		isup_cpg(ss7, call, value);
	} else if (!strcmp(name, "anm")) {
		isup_anm(ss7, call);
	} else if (!strcmp(name, "con")) {
		isup_con(ss7, call);
	} else if (!strcmp(name, "sus")) {
		isup_sus(ss7, call, 1);
	} else if (!strcmp(name, "res")) {
		isup_res(ss7, call, 1);
	} else if (!strcmp(name, "inr")) {
		/* The calling party's number and category are wanted. */
		isup_inr(ss7, call, 0x09, 0);
	} else if (!strcmp(name, "rel")) {
		isup_rel(ss7, call, value);
	} else {
		event("unknown %s", line);
	}
}

/* Circuit state indicators (Q.763 3.14): idle, or incoming or outgoing busy; nothing is blocked. */
enum { OUTGOING_BUSY = 0x08, INCOMING_BUSY = 0x04, IDLE = 0x0c };

static void answer_query(int first, int last)
{
	unsigned char states[256] = {0};

	for (int cic = first; cic <= last && cic - first < (int) sizeof states; cic++)
		states[cic - first] = !calls[cic % CIRCUITS] ? IDLE
			: outgoing[cic % CIRCUITS] ? OUTGOING_BUSY : INCOMING_BUSY;
	isup_cqr(ss7, first, last, far_end, states);
	event("cqm %d %d", first, last);
}

static void handle(ss7_event *e)
{
	static unsigned char none_blocked[256];

	switch (e->e) {
	case MTP2_LINK_UP:
		event("aligned");
		break;
	case MTP2_LINK_DOWN:
		event("unaligned");
		break;
	case SS7_EVENT_UP:
		event("up");
		break;
	case SS7_EVENT_DOWN:
		event("down");
		break;
	case ISUP_EVENT_IAM:
		keep(e->iam.cic, e->iam.call);
		outgoing[e->iam.cic % CIRCUITS] = 0;
		event("iam %d %s %s", e->iam.cic, e->iam.called_party_num, e->iam.calling_party_num);
		if (e->iam.cot_check_required || e->iam.cot_performed_on_previous_cic)
			event("check %d", e->iam.cic);
		break;
	case ISUP_EVENT_COT:
		event("cot %d %d", e->cot.cic, e->cot.passed);
		break;
	case ISUP_EVENT_CCR:
		keep(e->ccr.cic, e->ccr.call);
		isup_lpa(ss7, e->ccr.cic, e->ccr.opc);
		event("ccr %d", e->ccr.cic);
		break;
	case ISUP_EVENT_CQM:
		done(e->cqm.startcic, e->cqm.call);
		answer_query(e->cqm.startcic, e->cqm.endcic);
		break;
	case ISUP_EVENT_UCIC:
		done(e->ucic.cic, e->ucic.call);
		event("ucic %d", e->ucic.cic);
		break;
	case ISUP_EVENT_SAM:
		event("sam %d %s", e->sam.cic, e->sam.called_party_num);
		break;
	case ISUP_EVENT_ACM:
		event("acm %d", e->acm.cic);
		break;
	case ISUP_EVENT_CPG:
		event("cpg %d", e->cpg.cic);
		break;
	case ISUP_EVENT_ANM:
		event("anm %d", e->anm.cic);
		break;
	case ISUP_EVENT_CON:
		event("con %d", e->con.cic);
		break;
	case ISUP_EVENT_SUS:
		event("sus %d", e->sus.cic);
		break;
	case ISUP_EVENT_RES:
		event("res %d", e->res.cic);
		break;
	case ISUP_EVENT_REL:
		isup_rlc(ss7, e->rel.call);
		done(e->rel.cic, e->rel.call);
		event("rel %d %d", e->rel.cic, e->rel.cause);
		break;
	case ISUP_EVENT_RLC:
		done(e->rlc.cic, e->rlc.call);
		event("rlc %d", e->rlc.cic);
		break;
	case ISUP_EVENT_RSC:
		isup_rlc(ss7, e->rsc.call);
		isup_clear_callflags(ss7, e->rsc.call, ISUP_CALL_CONNECTED | ISUP_CALL_PENDING);
		done(e->rsc.cic, e->rsc.call);
		event("rsc %d", e->rsc.cic);
		break;
	case ISUP_EVENT_GRS:
		isup_gra(ss7, e->grs.call, e->grs.endcic, none_blocked);
		done(e->grs.startcic, e->grs.call);
		event("grs %d %d", e->grs.startcic, e->grs.endcic);
		break;
	case ISUP_EVENT_GRA:
		done(e->gra.startcic, e->gra.call);
		event("gra %d %d", e->gra.startcic, e->gra.endcic);
		break;
	case ISUP_EVENT_BLO:
		isup_bla(ss7, e->blo.call);
		done(e->blo.cic, e->blo.call);
		event("blo %d", e->blo.cic);
		break;
	case ISUP_EVENT_UBL:
		isup_uba(ss7, e->ubl.call);
		done(e->ubl.cic, e->ubl.call);
		event("ubl %d", e->ubl.cic);
		break;
	case ISUP_EVENT_BLA:
		done(e->bla.cic, e->bla.call);
		event("bla %d", e->bla.cic);
		break;
	case ISUP_EVENT_UBA:
		done(e->uba.cic, e->uba.call);
		event("uba %d", e->uba.cic);
		break;
	case ISUP_EVENT_CGB:
		isup_cgba(ss7, e->cgb.call, e->cgb.endcic, e->cgb.status);
		done(e->cgb.startcic, e->cgb.call);
		event("cgb %d %d", e->cgb.startcic, e->cgb.endcic);
		break;
	case ISUP_EVENT_CGU:
		isup_cgua(ss7, e->cgu.call, e->cgu.endcic, e->cgu.status);
		done(e->cgu.startcic, e->cgu.call);
		event("cgu %d %d", e->cgu.startcic, e->cgu.endcic);
		break;
	default:
		event("other %s", ss7_event2str(e->e));
	}
}

/* Milliseconds until libss7 has something to do. */
static int wait(void)
{
	struct timeval *next = ss7_schedule_next(ss7), now;
	long left;

	if (!next)
		return LONGEST_WAIT;
	gettimeofday(&now, NULL);
	left = (next->tv_sec - now.tv_sec) * 1000 + (next->tv_usec - now.tv_usec) / 1000;
	return left < 0 ? 0 : left < LONGEST_WAIT ? left : LONGEST_WAIT;
}

/* Runs the commands that have arrived whole; 0 when the other end is gone. */
static int commands(void)
{
	static char text[4096];
	static size_t held;
	char *end;
	ssize_t got = read(CONTROL, text + held, sizeof text - held - 1);

	if (got <= 0)
		return 0;
	held += got;
	text[held] = 0;
	while ((end = strchr(text, '\n'))) {
		*end = 0;
		command(text);
		held -= end + 1 - text;
		memmove(text, end + 1, held + 1);
	}
	return held < sizeof text - 1;
}

int main(int argc, char **argv)
{
	if (argc < 3 || argc > 4 || (argc == 4 && strcmp(argv[3], "normal"))) {
		fprintf(stderr, "usage: peer OWN-POINT-CODE FAR-POINT-CODE [normal]\n");
		return 2;
	}
	far_end = atoi(argv[2]);
	ss7_set_message(on_message);
	ss7_set_error(on_message);
	ss7_set_notinservice(on_not_in_service);
	ss7_set_hangup(on_hangup);
	ss7_set_call_null(on_call_null);
	ss7 = ss7_new(SS7_ITU);
	if (!ss7)
		return 1;
	ss7_set_network_ind(ss7, SS7_NI_NAT);
	ss7_set_pc(ss7, atoi(argv[1]));
	if (ss7_add_link(ss7, SS7_TRANSPORT_DAHDIMTP2, LINK, 0, far_end))
		return 1;
	ss7_start(ss7);
	if (argc == 4)
		mtp2_start(ss7_find_link(ss7, LINK), 0);
	for (;;) {
		struct pollfd watched[] = {
			{.fd = LINK, .events = ss7_pollflags(ss7, LINK) | POLLPRI},
			{.fd = CONTROL, .events = POLLIN},
		};
		ss7_event *e;

		if (poll(watched, 2, wait()) < 0 && errno != EINTR)
			return 1;
		if (watched[LINK].revents & POLLHUP)
			return 0;
		if (watched[LINK].revents & POLLPRI) {
			int told = 0;

			if (!ioctl(LINK, GET_EVENT, &told))
				event("line %d", told);
			continue;
		}
		if (watched[LINK].revents & POLLIN)
			ss7_read(ss7, LINK);
		if (watched[LINK].revents & POLLOUT)
			ss7_write(ss7, LINK);
		if (watched[CONTROL].revents && !commands())
			return 0;
		ss7_schedule_run(ss7);
		while ((e = ss7_check_event(ss7)))
			handle(e);
	}
}
