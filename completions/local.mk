# SPDX-License-Identifier: LGPL-2.1-or-later
# Completions, where bash, zsh and fish look for them below the prefix.

bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
fishcompletiondir = $(datadir)/fish/vendor_completions.d

EXTRA_DIST += %D%/savetool.bash
bashcompletion_DATA = %D%/savetool
dist_zshcompletion_DATA = %D%/_savetool
dist_fishcompletion_DATA = %D%/savetool.fish
CLEANFILES += $(bashcompletion_DATA)

# bash finds it by the name of the command it completes.
%D%/savetool: %D%/savetool.bash
	$(AM_V_GEN)$(MKDIR_P) %D% && \
		cp $(srcdir)/%D%/savetool.bash $@ && chmod u+w $@
