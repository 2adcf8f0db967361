/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The addresses of a PC: memory below and above 4 GiB, the firmware, and the
 * windows below 1 MiB.  QEMU: hw/i386/pc_piix.c, pc_q35.c, microvm.c, pc.c,
 * pc_sysfw.c; hw/pci-host/pam.c.
 */
#include "config.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "extract/layout_internal.h"

#include <string.h>

/* Where HyperTransport has its addresses, on hosts of AMD. */
#define AMD_HOLE UINT64_C(0xfd00000000)

/* The memory of which the RTC's CMOS tells the firmware. */
struct cmos {
	bool known;
	uint64_t below; /* of 4 GiB; at most 16 MiB says nothing more */
	uint64_t above; /* the low 40 bits */
};

#define CMOS_SIZE 128
#define CMOS_UNIT 0x10000
#define CMOS_BASE (16 * MIB)
#define CMOS_ABOVE_MASK ((UINT64_C(1) << 40) - 1)

static int read_cmos(struct cmos *cmos, const struct guest *guest,
		     struct savetool_error *err)
{
	const struct savetool_device *rtc = guest_device(guest, "mc146818rtc");
	uint8_t bytes[CMOS_SIZE];
	int more = 0;

	cmos->known = false;
	if (rtc)
		more = guest_read_state(guest, rtc, 0, bytes, sizeof(bytes),
					err);
	if (more <= 0)
		return more;
	cmos->known = true;
	cmos->below = CMOS_BASE + (uint64_t)get_le16(bytes + 0x34) * CMOS_UNIT;
	cmos->above = (get_le16(bytes + 0x5b) | (uint64_t)bytes[0x5d] << 16) *
		      CMOS_UNIT;
	return 0;
}

/* What is below 4 GiB if the user has not asked for something else. */
static uint64_t usual_below(uint64_t length, enum machine_kind kind,
			    const char *machine)
{
	bool aligned = !machine_is_older(machine, 2, 0);
	uint64_t most = 0xe0000000;

	if (kind == MACHINE_I440FX && aligned && length >= 0xe0000000)
		most = 0xc0000000;
	if (kind == MACHINE_Q35)
		most = aligned && length >= 0xb0000000 ? 0x80000000 :
							 0xb0000000;
	if (kind == MACHINE_MICROVM)
		most = 0xc0000000;
	return length < most ? length : most;
}

/* Do both halves of the CMOS add up to all memory?  Then it is right. */
static bool cmos_agrees(const struct cmos *cmos, uint64_t length)
{
	uint64_t below = cmos->below < length ? cmos->below : length;

	return cmos->known &&
	       ((length - below) & CMOS_ABOVE_MASK) == cmos->above;
}

/*
 * The length that the CMOS says; SAVETOOL_UNKNOWN if it says nothing, or not
 * all.
 */
static uint64_t cmos_length(const struct cmos *cmos)
{
	if (!cmos->known || cmos->below <= CMOS_BASE)
		return SAVETOOL_UNKNOWN;
	return cmos->below + cmos->above;
}

static int place_memory(struct layout *layout, const struct guest *guest,
			enum machine_kind kind, struct savetool_error *err)
{
	cleanup_free struct main_memory *memory = malloc(sizeof(*memory));
	uint64_t below, above;
	struct cmos cmos;

	if (!memory)
		return fail_memory(err);
	if (read_cmos(&cmos, guest, err) < 0)
		return -1;
	main_memory_find(memory, guest->layout, cmos_length(&cmos));
	below = usual_below(memory->length, kind, guest->machine);
	layout->assumed =
		!cmos_agrees(&cmos, memory->length) && kind != MACHINE_MICROVM;
	if (!layout->assumed && cmos.known)
		below = cmos.below < memory->length ? cmos.below :
						      memory->length;
	above = memory->length - below;
	if (place_main(layout, guest, memory, 0, below, 0, err) < 0)
		return -1;
	/* A host of AMD would have put it higher, and nothing says which. */
	if (above > AMD_HOLE - 4 * GIB &&
	    !machine_is_older(guest->machine, 7, 1))
		return fail(err, SAVETOOL_UNSUPPORTED,
			    "memory beyond 1012 GiB: its address depends on "
			    "the processor of the host, which the image does "
			    "not record");
	return place_main(layout, guest, memory, below, above, 4 * GIB, err);
}

/*
 * The firmware ends at 4 GiB.  The guest also sees its end below 1 MiB, from a
 * copy if it is in flash.
 */
static int place_firmware(struct layout *layout, const struct guest *guest,
			  struct savetool_error *err)
{
	const struct ram_block *bios = find_block(guest, "pc.bios");
	const struct ram_block *flash = find_block(guest, "system.flash0");
	const struct ram_block *more = find_block(guest, "system.flash1");
	uint64_t at = 4 * GIB;

	if (bios && bios->length < GIB &&
	    place_block(layout, bios, at - bios->length, err) < 0)
		return -1;
	if (!flash || flash->length > GIB || (more && more->length > GIB))
		return 0;
	at -= flash->length;
	if (place_block(layout, flash, at, err) < 0)
		return -1;
	return more ? place_block(layout, more, at - more->length, err) : 0;
}

/*
 * The 13 windows from 768 KiB to 1 MiB: each has four bits of the chipset, of
 * which the lowest shows memory there for reading.
 */
static bool window_shows_memory(const uint8_t *pam, unsigned window)
{
	if (window == 12)
		return pam[0] & 0x10;
	return pam[1 + window / 2] & (window % 2 ? 0x10 : 0x01);
}

/* From what is not memory there, the part that lies in a window. */
static int place_in_window(struct layout *layout, const struct ram_block *block,
			   uint64_t offset, uint64_t length, uint64_t address,
			   uint64_t window, uint64_t window_end,
			   struct savetool_error *err)
{
	uint64_t from = address > window ? address : window;
	uint64_t end = address + length;

	if (end > window_end)
		end = window_end;
	if (!block || from >= end)
		return 0;
	return place_part(layout, block, offset + (from - address), end - from,
			  from, err);
}

static int place_rom_window(struct layout *layout, const struct guest *guest,
			    uint64_t from, uint64_t end,
			    struct savetool_error *err)
{
	const struct ram_block *rom = find_block(guest, "pc.rom");
	const struct ram_block *isa = find_block(guest, "isa-bios");
	const struct ram_block *bios = isa ? isa : find_block(guest, "pc.bios");
	uint64_t most = 128 * 1024, length = 0;

	if (bios)
		length = bios->length < most ? bios->length : most;
	if (place_in_window(layout, rom, 0, rom ? rom->length : 0, 0xc0000,
			    from, end, err) < 0)
		return -1;
	return place_in_window(layout, bios, bios ? bios->length - length : 0,
			       length, MIB - length, from, end, err);
}

#define PAM_REGISTERS 7

static int place_windows(struct layout *layout, const struct guest *guest,
			 const uint8_t *pam, struct savetool_error *err)
{
	for (unsigned i = 0; i < 13; i++) {
		uint64_t from = 0xc0000 + i * 0x4000;
		uint64_t end = i == 12 ? MIB : from + 0x4000;

		if (!window_shows_memory(pam, i) &&
		    place_rom_window(layout, guest, from, end, err) < 0)
			return -1;
	}
	return 0;
}

#define PCI_CLASS 0x0a
#define PCI_CLASS_VGA 0x0300

/* Does some device have the window of the VGA at 640 KiB? */
static int has_vga(bool *has, const struct guest *guest,
		   struct savetool_error *err)
{
	uint8_t config[GUEST_PCI_CONFIG];
	int more;

	*has = guest_device(guest, "isa-vga") || find_block(guest, "vga.vram");
	for (unsigned i = 0; !*has && i < guest->tail->device_count; i++) {
		const struct savetool_device *device = &guest->tail->devices[i];

		if (!strchr(device->name, '/'))
			continue;
		more = guest_pci_config(guest, device, config, err);
		if (more < 0)
			return -1;
		*has = more > 0 &&
		       get_le16(config + PCI_CLASS) == PCI_CLASS_VGA;
	}
	return 0;
}

#define SMRAM_OPEN 0x40

/* What the chipset shows below 1 MiB, by its PAM and SMRAM registers. */
static int place_low(struct layout *layout, const struct guest *guest,
		     enum machine_kind kind, struct savetool_error *err)
{
	bool q35 = kind == MACHINE_Q35, vga = true;
	const struct savetool_device *chipset =
		guest_device(guest, q35 ? "mch" : "I440FX");
	/* What they are if nobody knows: memory everywhere. */
	uint8_t config[GUEST_PCI_CONFIG], shown[PAM_REGISTERS];
	const uint8_t *pam = config + (q35 ? 0x90 : 0x59);
	int more = 0;

	memset(shown, 0x33, sizeof(shown));
	if (chipset)
		more = guest_pci_config(guest, chipset, config, err);
	if (more < 0 || (guest->tail && has_vga(&vga, guest, err) < 0))
		return -1;
	if (vga && !(more > 0 && config[q35 ? 0x9d : 0x72] & SMRAM_OPEN) &&
	    ram_places_cut(&layout->places, 0xa0000, 0x20000, err) < 0)
		return -1;
	return place_windows(layout, guest, more > 0 ? pam : shown, err);
}

int layout_find_x86(struct layout *layout, const struct guest *guest,
		    enum machine_kind kind, struct savetool_error *err)
{
	if (place_memory(layout, guest, kind, err) < 0 ||
	    place_firmware(layout, guest, err) < 0)
		return -1;
	if (kind == MACHINE_MICROVM)
		return place_rom_window(layout, guest, 0xc0000, MIB, err);
	return place_low(layout, guest, kind, err);
}
