/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The smallest guest that checks its own memory: a multiboot kernel that runs
 * at once, says "TICK <n> OK" or "BAD" on COM1, and never sits still.
 *
 * KEPT is written once and compared in every round.  CHURN is rewritten in
 * every round, every eighth page with zeros, so that a save of the running
 * guest has to send its pages again.  A page holds one repeated value: images
 * of this guest pack well.  With CHANGED below 1024 only so many words of a
 * page of CHURN change, as XBZRLE likes it.
 */

	.intel_syntax noprefix
	.set	KEPT, 0x1000000
	.set	CHURN, 0x1800000
	.set	END, 0x2000000
	.set	COM1, 0x3f8
	.ifndef	CHANGED
	.set	CHANGED, 1024
	.endif
	.set	TICK_SHIFT, 28		/* of the time stamp: about 0.27 s */

	.text
	.balign	4
	.long	0x1badb002, 0, -0x1badb002

	.globl	_start
_start:
	lea	esp, [stack_top]
	cld
	xor	ebp, ebp		/* the tick that was told last */
	xor	ebx, ebx		/* the round */
	mov	edi, KEPT
1:	call	kept_value
	mov	ecx, 1024
	rep stosd
	cmp	edi, CHURN
	jb	1b

round:
	inc	ebx
	mov	edi, CHURN
1:	mov	eax, edi
	shr	eax, 12
	add	eax, ebx
	test	al, 7
	jnz	2f
	xor	eax, eax
2:	imul	eax, eax, 0x9e3779b1
	mov	ecx, CHANGED
	rep stosd
	add	edi, 4 * (1024 - CHANGED)
	cmp	edi, END
	jb	1b

	rdtsc
	shrd	eax, edx, TICK_SHIFT
	cmp	eax, ebp
	je	round
	mov	ebp, eax

	mov	edi, KEPT
1:	call	kept_value
	mov	ecx, 1024
	repe scasd
	jne	bad
	cmp	edi, CHURN
	jb	1b
	lea	esi, [text_ok]
	jmp	tell
bad:	lea	esi, [text_bad]

tell:
	push	esi
	lea	esi, [text_tick]
	call	print
	mov	edx, ebp
	mov	ecx, 8
1:	rol	edx, 4
	mov	eax, edx
	and	eax, 15
	mov	al, [digits + eax]
	call	put
	loop	1b
	pop	esi
	call	print
	jmp	round

/* eax: what the page at edi holds; one in four holds zeros */
kept_value:
	mov	eax, edi
	shr	eax, 12
	test	al, 3
	jnz	1f
	xor	eax, eax
1:	imul	eax, eax, 0x85ebca6b
	ret

/* esi: the text, up to a zero byte */
print:	lodsb
	test	al, al
	jz	1f
	call	put
	jmp	print
1:	ret

/* al: the character */
put:	push	edx
	push	eax
	mov	dx, COM1 + 5
1:	in	al, dx
	test	al, 0x20
	jz	1b
	pop	eax
	mov	dx, COM1
	out	dx, al
	pop	edx
	ret

text_tick:
	.asciz	"TICK "
text_ok:
	.asciz	" OK\n"
text_bad:
	.asciz	" BAD\n"
digits:	.ascii	"0123456789abcdef"

	.bss
	.balign	16
	.skip	256
stack_top:

	.section .note.GNU-stack, "", @progbits
