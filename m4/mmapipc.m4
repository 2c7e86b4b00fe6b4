dnl mmapipc.m4 - the few questions that configure.ac asks more than once.

dnl MMAPIPC_NEED(VARIABLE, MODULE, PACKAGES) - a library found by pkg-config.
dnl One that is missing is added to $mmapipc_missing, so that all of them can
dnl be reported together.
AC_DEFUN([MMAPIPC_NEED],
	[PKG_CHECK_MODULES([$1], [$2], [],
		[mmapipc_missing="$mmapipc_missing
  $2: $3"])])

dnl MMAPIPC_CFLAG(VARIABLE, FLAG) - append FLAG if the compiler takes it.
dnl -Werror makes clang refuse what it would otherwise ignore with a warning.
AC_DEFUN([MMAPIPC_CFLAG],
	[AS_VAR_PUSHDEF([cached], [mmapipc_cv_cflag_$2])
	AC_CACHE_CHECK([whether $CC takes $2], [cached],
		[mmapipc_save_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS -Werror $2"
		AC_COMPILE_IFELSE([AC_LANG_SOURCE([int mmapipc_probe;])],
			[AS_VAR_SET([cached], [yes])],
			[AS_VAR_SET([cached], [no])])
		CFLAGS=$mmapipc_save_CFLAGS])
	AS_VAR_IF([cached], [yes], [AS_VAR_APPEND([$1], [" $2"])])
	AS_VAR_POPDEF([cached])])

dnl MMAPIPC_VERSION_SCRIPT - can the linker name and version the exports?
dnl A linker that merely ignores the option would not refuse the broken script.
AC_DEFUN([MMAPIPC_VERSION_SCRIPT],
	[AC_CACHE_CHECK([whether the linker takes a version script],
		[mmapipc_cv_version_script],
		[mmapipc_cv_version_script=no
		mmapipc_save_LDFLAGS=$LDFLAGS
		LDFLAGS="$LDFLAGS -Wl,--version-script=conftest.map"
		echo 'not a version script' >conftest.map
		AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [],
			[echo 'PROBE_1 { global: main; local: *; };' \
				>conftest.map
			AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
				[mmapipc_cv_version_script=yes])])
		rm -f conftest.map
		LDFLAGS=$mmapipc_save_LDFLAGS])])
